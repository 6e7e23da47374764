import common from './common.json';
import library from './library.json';
import people from './people.json';
import queue from './queue.json';
import record from './record.json';
import session from './session.json';
import system from './system.json';
import transcript from './transcript.json';
import vocabulary from './vocabulary.json';

export default {
  ...common,
  ...library,
  ...people,
  ...queue,
  ...record,
  ...session,
  ...system,
  ...transcript,
  ...vocabulary,
};
