export { MirrorService } from './service.ts';
