import settings from '../../package.json' with { type: 'json' };

/** Version of this build, as the members of a mirror compare it. */
export const VERSION: string = settings.version;
