package sock

// wideFamily is the family whose own options, at the level of its number, have 64 bits.
const wideFamily = AF_VSOCK
