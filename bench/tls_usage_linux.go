package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

// usage returns the CPU that this process has used; and with memory, after several collections, the
// bytes of anonymous memory that are resident, and of heap.
func usage(memory bool) (cpu time.Duration, resident, heap int64, err error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, 0, 0, os.NewSyscallError("getrusage", err)
	}
	cpu = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	if !memory {
		return cpu, 0, 0, nil
	}
	for range 3 {
		runtime.GC()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f, err := os.Open("/proc/self/smaps_rollup")
	if err != nil {
		return cpu, 0, int64(m.HeapAlloc), err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if kb, ok := strings.CutPrefix(s.Text(), "Anonymous:"); ok {
			_, err = fmt.Sscan(kb, &resident)
		}
	}
	return cpu, resident << 10, int64(m.HeapAlloc), err
}
