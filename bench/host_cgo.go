//go:build cgo && unix

package main

// #include <time.h>
//
// static void pause_ns(long ns) {
//	struct timespec t = {0, ns};
//	nanosleep(&t, 0);
// }
import "C"

import "time"

// cgoPause is how long a call into C sleeps there.
const cgoPause = 100 * time.Microsecond

func init() {
	callC = func() { C.pause_ns(C.long(cgoPause)) }
}
