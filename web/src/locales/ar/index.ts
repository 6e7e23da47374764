import account from './account.json';
import audit from './audit.json';
import common from './common.json';
import library from './library.json';
import live from './live.json';
import people from './people.json';
import queue from './queue.json';
import record from './record.json';
import rights from './rights.json';
import session from './session.json';
import sharing from './sharing.json';
import system from './system.json';
import transcript from './transcript.json';
import vocabulary from './vocabulary.json';
import webhooks from './webhooks.json';

export default {
  ...account,
  ...audit,
  ...common,
  ...library,
  ...live,
  ...people,
  ...queue,
  ...record,
  ...rights,
  ...session,
  ...sharing,
  ...system,
  ...transcript,
  ...vocabulary,
  ...webhooks,
};
