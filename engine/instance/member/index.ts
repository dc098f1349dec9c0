export { notInMirror } from './host.ts';
export { MirrorService } from './service.ts';
