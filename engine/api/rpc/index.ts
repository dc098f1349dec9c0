/** Transport of the management contract over control sockets. */
export { connectControl, type ControlClient } from './client.ts';
export { serveControl, type ControlServer, type Handlers, type Sources } from './server.ts';
export { Topic, type TopicSource } from './topic.ts';
export { fromWireError, toWireError } from './wire-error.ts';
