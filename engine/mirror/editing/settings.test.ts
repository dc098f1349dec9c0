import { describe, expect, it } from 'vitest';
import { promotedInterface, whyNoInterface, whyNoVirtualAddress } from './settings.ts';

describe('the virtual address of a mirror', () => {
  it.each(['10.0.2.100/24', '10.0.2.100/31', '10.0.2.0/32', '192.168.1.7/16', 'fd00::64/64'])('may be %s', (vip) => {
    expect(whyNoVirtualAddress(vip, [])).toBeNull();
  });

  it.each([
    '10.0.2.100',
    '10.0.2.100/33',
    '10.0.2.100/0',
    '10.0.2/24',
    'name/24',
    'fd00::1/129',
    '127.0.0.1/8',
    '::1/128',
    '0.0.0.0/8',
    '224.0.0.5/24',
    'ff02::1/64',
    '10.0.2.0/24',
    '10.0.2.255/24',
    '10.0.2.7/24',
    '',
  ])('may not be %j', (vip) => {
    expect(whyNoVirtualAddress(vip, ['10.0.2.7'])).toMatchObject({ code: 'VIP_NOT_USABLE', facts: { vip } });
  });

  it('needs an interface of this host whose network it is in', () => {
    const here = [
      { interface: 'lo', cidr: '127.0.0.1/8' },
      { interface: 'eth0', cidr: '10.0.2.11/24' },
      { interface: 'eth0', cidr: 'fe80::1/64' },
    ];
    const why = (address: string, name: string) => whyNoInterface({ address, interface: name }, here)?.text;
    expect(why('10.0.2.100/24', 'eth0')).toBeUndefined();
    expect(why('10.0.3.100/24', 'eth0')).toContain('is not in the network');
    expect(why('fd00::7/64', 'eth0')).toContain('is not in the network');
    expect(why('10.0.2.100/24', 'eth1')).toContain('it has lo, eth0');
  });

  describe('at a promotion', () => {
    const here = [
      { interface: 'eth0', cidr: '10.0.2.11/24' },
      { interface: 'eth0', cidr: 'fe80::1/64' },
      { interface: 'eth1', cidr: '10.0.2.12/24' },
      { interface: 'eth2', cidr: '10.0.3.12/24' },
    ];
    const chosen = (address: string, wanted?: string, isConfirmed = false) => promotedInterface({ address }, here, { wanted, isConfirmed });

    it('gets the only interface in its network', () => {
      expect(chosen('10.0.3.100/24')).toEqual({ interface: 'eth2' });
    });

    it('needs a choice among several', () => {
      const facts = { vip: '10.0.2.100/24', interfaces: 'eth0, eth1' };
      expect(chosen('10.0.2.100/24')).toMatchObject({ refused: { code: 'VIP_INTERFACE_NEEDED', facts } });
      // An agreement to have none chooses none.
      expect(chosen('10.0.2.100/24', undefined, true)).toMatchObject({ refused: { code: 'VIP_INTERFACE_NEEDED' } });
      expect(chosen('10.0.2.100/24', 'eth1')).toEqual({ interface: 'eth1' });
      expect(chosen('10.0.2.100/24', 'eth2')).toMatchObject({ refused: { code: 'VIP_NO_INTERFACE' } });
    });

    it('goes without where the operator agrees', () => {
      expect(chosen('10.0.9.100/24')).toMatchObject({ refused: { code: 'VIP_NOT_ON_SUBNET', facts: { vip: '10.0.9.100/24' } } });
      expect(chosen('10.0.9.100/24', undefined, true)).toEqual({ interface: null });
    });
  });
});
