package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// A neighbourSession is one run of "bench neighbours".
type neighbourSession struct {
	session
	set    neighbourSettings
	report *neighbourReport
}

// measureNeighbours visits every host with every neighbour. What goes wrong with one host is a
// failure in the report, and the others go on.
func measureNeighbours(ctx context.Context, set neighbourSettings, stderr io.Writer) (*neighbourReport, error) {
	runtime.LockOSThread() // for the load generator, which is this goroutine
	defer runtime.UnlockOSThread()
	entered, err := enter(ctx, settings{Place: placeApart})
	if err != nil {
		return nil, err
	}
	defer entered.leave()
	entered.progress = newProgress(stderr, set.steps())
	s := &neighbourSession{
		session: entered,
		set:     set,
		report:  &neighbourReport{findings: findings{Environment: describe("neighbours", set.Args, len(entered.cores))}, Settings: set},
	}
	defer s.progress.end()
	begin := time.Now()
	for _, procs := range set.Procs {
		for _, t := range set.Traffics {
			if err := s.street(t, procs); err != nil {
				return nil, err
			}
		}
	}
	s.report.Took = time.Since(begin)
	return s.report, nil
}

// street measures all neighbours beside one kind of traffic with one GOMAXPROCS: the hosts are up
// at once, and within a cycle each is visited in turn.
func (s *neighbourSession) street(t trafficKind, procs int) error {
	place, core := s.place(procs)
	if place != placeFree {
		if err := moveTo(s.cores[:1]); err != nil {
			return err
		}
		defer moveTo(s.cores) // what worked before works again
	}
	var visitors []*visitor
	defer func() {
		for _, v := range visitors {
			v.end()
		}
	}()
	failed := make(map[string]bool)
	fail := func(mode string, err error) {
		failed[mode] = true
		s.report.Failures = append(s.report.Failures, fmt.Sprintf("GOMAXPROCS=%d %s %s: %v", procs, t.Name, mode, err))
	}
	for _, mode := range s.set.hosts() {
		v := &visitor{mode: mode}
		visitors = append(visitors, v)
		err := v.start(s.self, t, procs, s.set.Loops, core)
		if err == nil && s.set.Quota > 0 {
			err = v.limit(s.set.Quota)
		}
		if err != nil {
			fail(mode, v.explain(err))
		}
	}
	// each has every host do something once in a cycle, in an order that rotates.
	each := func(what string, do func(v *visitor, cycle int) error) error {
		s.progress.begin(fmt.Sprintf("GOMAXPROCS=%d %s beside %s", procs, t.Name, what))
		for cycle := range s.set.Cycles {
			for i := range visitors {
				v := visitors[(i+cycle)%len(visitors)]
				if s.ctx.Err() != nil {
					return errInterrupted
				}
				if !failed[v.mode] {
					if err := do(v, cycle); err != nil {
						fail(v.mode, fmt.Errorf("%s: %w", what, v.explain(err)))
					}
				}
				s.progress.step()
			}
		}
		return nil
	}
	res := &streetResult{Traffic: t, Procs: procs, Place: place}
	s.report.Streets = append(s.report.Streets, res)
	for _, n := range s.set.beside(t) {
		cells := make(map[string]*cell)
		for _, mode := range s.set.hosts() {
			cells[mode] = &cell{Neighbour: n.Name, Mode: mode}
			res.Cells = append(res.Cells, cells[mode])
		}
		err := each(n.Name, func(v *visitor, cycle int) error {
			got, err := v.visit(n, s.set.Skip, s.set.Slice)
			if err == nil {
				cells[v.mode].Neighbours = append(cells[v.mode].Neighbours, got.Neighbour)
				cells[v.mode].Traffics = append(cells[v.mode].Traffics, got.Traffic)
				cells[v.mode].Readies = append(cells[v.mode].Readies, got.Ready)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, v := range visitors {
		if v.quota == nil {
			continue
		}
		n, err := v.quota.throttled()
		if err != nil {
			fail(v.mode, err)
			continue
		}
		s.report.Notes = append(s.report.Notes, fmt.Sprintf("GOMAXPROCS=%d %s: the quota stopped the host of %s %d times", procs, t.Name, v.mode, n))
	}
	idle := make(map[string]*idleCPU)
	for _, mode := range s.set.hosts() {
		idle[mode] = &idleCPU{Mode: mode}
		res.Idle = append(res.Idle, idle[mode])
	}
	return each("nothing", func(v *visitor, cycle int) error {
		used, err := v.idle(s.set.Slice)
		idle[v.mode].Used = append(idle[v.mode].Used, float64(used.Microseconds())/s.set.Slice.Seconds())
		return err
	})
}

// A visitor is a host with the load made for it.
type visitor struct {
	mode    string
	process *process
	places  places
	traffic trafficKind
	waits   *series // of the neighbour, if it is driven from here
	gaps    *series // of the traffic, if it is driven from here
	gen     *generator
	quota   *quota // or nil
}

// limit puts the host into a cgroup of its own with a CPU quota.
func (v *visitor) limit(percent int) error {
	var err error
	if v.quota, err = newQuota(fmt.Sprintf("pollux-%d-%s", v.process.cmd.Process.Pid, v.mode), percent); err != nil {
		return err
	}
	return v.quota.add(v.process.cmd.Process.Pid)
}

func (v *visitor) start(self string, t trafficKind, procs, loops, core int) error {
	v.traffic, v.waits, v.gaps = t, newSeries(), newSeries()
	var err error
	v.process, err = startProcess([]string{self, "host", "-traffic", t.Name, "-mode", v.mode, "-procs", strconv.Itoa(procs), "-loops", strconv.Itoa(loops)}, core)
	if err != nil {
		return err
	}
	if err := v.hear(&v.places); err != nil {
		return err
	}
	if v.gen, err = newGenerator(); err != nil {
		return err
	}
	for range t.Conns {
		if err := v.gen.connect(v.process.addr, t.Size, t.Pause, v.gaps); err != nil {
			return err
		}
	}
	return nil
}

func (v *visitor) end() {
	if v.gen != nil {
		v.gen.close()
	}
	if v.process != nil {
		v.process.stop()
	}
	if v.quota != nil {
		v.quota.close() // an empty group that stays harms nothing
	}
}

// hear reads the next line of the host.
func (v *visitor) hear(into any) error {
	line, err := v.process.line(startWait)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(line), into)
}

// wokenPause is between an answer and the next message that makes a goroutine ready.
const wokenPause = time.Millisecond

// visit loads the host for a slice, with one neighbour.
func (v *visitor) visit(n neighbourKind, skip, length time.Duration) (seen, error) {
	own := len(v.gen.streams)
	defer func() { // the neighbour's connection is there for the visit only
		v.gen.drop(own)
	}()
	order := visit{Neighbour: n.Base, Hogs: n.Hogs, Skip: skip, Length: length}
	outside := false
	var err error
	switch n.Base {
	case neighbourNet:
		outside, err = true, v.connect(v.places.Net, 0)
	case neighbourWoken:
		err = v.connect(v.places.Woken, wokenPause)
	case neighbourHTTP:
		var addr netip.AddrPort
		if addr, err = netip.ParseAddrPort(v.places.HTTP); err == nil {
			outside, err = true, v.gen.connectHTTP(addr, v.waits)
		}
	}
	if err != nil {
		return seen{}, err
	}
	b, err := json.Marshal(order)
	if err != nil {
		return seen{}, err
	}
	if _, err := v.process.stdin.Write(append(b, '\n')); err != nil {
		return seen{}, err
	}
	if line, err := v.process.line(startWait); err != nil {
		return seen{}, err
	} else if line != visiting {
		return seen{}, fmt.Errorf("the host says %q, not that it is visited", line)
	}
	begin := time.Now()
	v.waits.reset(begin.Add(skip), begin.Add(length))
	v.gaps.reset(begin.Add(skip), begin.Add(length))
	if len(v.gen.streams) > 0 {
		if err := v.gen.load(length); err != nil {
			return seen{}, err
		}
	}
	var got seen
	if err := v.hear(&got); err != nil {
		return seen{}, err
	}
	if outside {
		got.Neighbour = v.waits.sample()
	}
	if v.traffic.Conns > 0 {
		got.Traffic = v.gaps.sample()
	}
	if got.Error != "" {
		return got, errors.New(got.Error)
	}
	return got, nil
}

func (v *visitor) connect(place string, pause time.Duration) error {
	addr, err := netip.ParseAddrPort(place)
	if err != nil {
		return err
	}
	return v.gen.connect(addr, 64, pause, v.waits)
}

// idle is the CPU time that the host uses while nothing happens.
func (v *visitor) idle(length time.Duration) (time.Duration, error) {
	time.Sleep(length / 10) // what is left of the last visit; there is no event that says so
	before, err := v.process.cpuTime()
	if err != nil {
		return 0, err
	}
	time.Sleep(length)
	after, err := v.process.cpuTime()
	return after - before, err
}

// explain adds what the host said, if it has ended.
func (v *visitor) explain(err error) error {
	if v.process == nil {
		return err
	}
	return (&lane{process: v.process}).explain(err)
}

// beside lists the neighbours that are measured with a kind of traffic.
func (s neighbourSettings) beside(t trafficKind) []neighbourKind {
	return slices.DeleteFunc(slices.Clone(s.Neighbours), func(n neighbourKind) bool {
		return n.Few && !s.All && t.Name != s.Traffics[0].Name
	})
}

// hosts lists the hosts of a kind of traffic: package net, and the modes.
func (s neighbourSettings) hosts() []string { return append([]string{peerNet}, s.Modes...) }

// steps is how often the progress moves.
func (s neighbourSettings) steps() int {
	n := 0
	for _, t := range s.Traffics {
		n += (len(s.beside(t)) + 1) * s.Cycles // and once idle
	}
	return n * len(s.hosts()) * len(s.Procs)
}

var errInterrupted = errors.New("interrupted")
