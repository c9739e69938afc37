package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// residentSize is how many bytes of memory a process occupies; 0 if that cannot be told.
//
// It is from smaps_rollup: statm was wrong by up to a batch of pages for each processor, from Linux 6.2 to 6.16.
func residentSize(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(b) {
		if f := bytes.Fields(line); len(f) == 3 && string(f[0]) == "Rss:" {
			kb, _ := strconv.ParseInt(string(f[1]), 10, 64)
			return kb << 10
		}
	}
	return 0
}
