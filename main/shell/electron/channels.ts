/** The preload script tells that a page begins: whatever an earlier one had subscribed to ends. */
export const OPEN_CHANNEL = 'gemel:open';
/** Frames of the contract, both ways. */
export const FRAME_CHANNEL = 'gemel:frame';
