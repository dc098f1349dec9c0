export { withAddresses, withMember, without, type AddressChange } from './addresses.ts';
export { findMember, whyNotEditAddresses, whyNotLeave, whyNotRemove, type Asked, type Standing } from './rules.ts';
export {
  defaultParallel,
  promotedInterface,
  whyNoInterface,
  whyNoVirtualAddress,
  type InterfaceAddress,
  type VirtualAddress,
} from './settings.ts';
