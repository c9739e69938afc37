// Package vhci plays two Bluetooth controllers with no radio over /dev/vhci, within reach of each
// other: what the kernel sends out of one, the other brings back in. Above them is the kernel's own
// stack, whole. They know no more than Bluetooth 1.2 and no pairing, which is what L2CAP, RFCOMM
// and SCO need: there is no LE, and so no ISO, and no security above BT_SECURITY_LOW.
//
// Their commands and their answers are in the Bluetooth Core Specification, volume 4, part E,
// section 7.
package vhci
