package main

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// describe notes where a run of a subcommand takes place. What cannot be found out stays empty: it
// is a label, and no reason not to measure.
func describe(command string, args []string, cores int) environment {
	e := environment{
		Time:    time.Now(),
		Commit:  commit(),
		Command: strings.Join(append([]string{"bench", command}, args...), " "),
		CPU:     cpuModel(),
		Cores:   cores,
		Go:      runtime.Version(),
		Modules: make(map[string]string),
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err == nil {
		e.Kernel = unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:]) + " " +
			unix.ByteSliceToString(u.Machine[:])
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		if f := strings.Fields(string(b)); len(f) >= 3 {
			e.Load = strings.Join(f[:3], " ")
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if strings.HasSuffix(m.Path, "/gnet/v2") {
				e.Modules["gnet"] = m.Version
			}
		}
	}
	return e
}

// commit is the one that is checked out, with a mark if files differ from it.
func commit() string {
	head, err := exec.Command("git", "rev-parse", "HEAD").Output()
	if err != nil {
		return ""
	}
	hash := strings.TrimSpace(string(head))
	if changed, err := exec.Command("git", "status", "--porcelain").Output(); err == nil && len(changed) > 0 {
		hash += " with changes"
	}
	return hash
}

func cpuModel() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
