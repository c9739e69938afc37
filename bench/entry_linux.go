package main

import (
	"fmt"
	"slices"
	"time"
)

// An entry is one server of a scenario: an implementation with its options.
type entry struct {
	Name    string // unique in its scenario
	Base    string // the entry that has no timeout, or the fewest loops, and is the same else; or empty
	Impl    impl
	Hogs    int
	Busy    bool // the hogs never yield
	Timeout time.Duration
	Procs   int // GOMAXPROCS, and loops; 0: that of the race
	Work    int // steps of arithmetic for each message
	Buffer  int // bytes of a read buffer, where a connection has one of its own
}

// entries lists the servers of a scenario.
func (s scenario) entries(impls []impl) []entry {
	seen := make(map[string]int)
	var list []entry
	for _, i := range impls {
		switch {
		case s.Only != nil && !slices.Contains(s.Only, i.Name),
			s.Hogs > 0 && (i.Serve == nil || i.Plain),
			s.Timeout > 0 && !i.Timeouts:
			continue
		}
		name := i.Name
		if seen[i.Name]++; seen[i.Name] > 1 {
			name = fmt.Sprintf("%s#%d", name, seen[i.Name])
		}
		e := entry{Name: name, Impl: i, Hogs: s.Hogs, Busy: s.Busy, Work: s.Work, Buffer: max(defaultBuffer, s.Size)}
		for _, n := range s.Loops {
			e.Name, e.Procs = onLoops(name, n), n
			list = append(list, e)
			e.Base = onLoops(name, s.Loops[0])
		}
		if s.Loops != nil {
			continue
		}
		list = append(list, e)
		if s.Timeout > 0 {
			e.Name, e.Base, e.Timeout = name+"+timeout", name, s.Timeout
			list = append(list, e)
		}
	}
	return list
}

// length is how long a slice of the scenario is when others take d.
func (s scenario) length(d time.Duration) time.Duration {
	return d * time.Duration(max(s.Stretch, 1))
}

// runsWith reports whether the scenario is measured with this GOMAXPROCS, one of those asked for.
// Memory hardly depends on it, so the first one is enough.
func (s scenario) runsWith(procs int, all []int) bool {
	switch {
	case s.Procs > 0:
		return procs == s.Procs
	case s.Kind == kindIdle:
		return procs == all[0]
	}
	return true
}
