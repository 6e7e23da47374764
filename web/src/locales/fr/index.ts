import account from './account.json';
import common from './common.json';
import library from './library.json';
import people from './people.json';
import queue from './queue.json';
import record from './record.json';
import session from './session.json';
import sharing from './sharing.json';
import system from './system.json';
import transcript from './transcript.json';
import vocabulary from './vocabulary.json';

export default {
  ...account,
  ...common,
  ...library,
  ...people,
  ...queue,
  ...record,
  ...session,
  ...sharing,
  ...system,
  ...transcript,
  ...vocabulary,
};
