import common from './common.json';
import library from './library.json';
import people from './people.json';
import queue from './queue.json';
import record from './record.json';
import session from './session.json';
import transcript from './transcript.json';

export default { ...common, ...library, ...people, ...queue, ...record, ...session, ...transcript };
