package loop

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// checkCPUs says whether the numbers can be those of processors.
func checkCPUs(cpus []int) error {
	const most = 1024 // CPU_SETSIZE of <sched.h>
	for _, cpu := range cpus {
		if cpu < 0 || cpu >= most {
			return fmt.Errorf("loop: CPUs: %d: must be 0 to %d", cpu, most-1)
		}
	}
	return nil
}

// pinThread makes the calling thread run on one processor only: sched_setaffinity(2). EINVAL: the
// process may not use it.
func pinThread(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("loop: CPUs: %d: sched_setaffinity: %w", cpu, err)
	}
	return nil
}
