package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

// A session is one run of a suite: what all its scenarios share.
type session struct {
	ctx      context.Context
	settings settings
	progress *progress
	report   *report
	self     string            // the program that serves
	built    map[string]string // the servers that are programs of their own, by name
	cores    []int
	dir      string // for what the run builds and writes; leave removes it
}

// enter returns a session with what every suite of this program needs. The caller calls leave.
func enter(ctx context.Context, set settings) (s session, err error) {
	s = session{ctx: ctx, settings: set}
	if s.self, err = os.Executable(); err != nil {
		return s, err
	}
	if s.cores, err = allowedCores(); err != nil {
		return s, err
	}
	s.dir, err = os.MkdirTemp("", "bench")
	return s, err
}

func (s *session) leave() { os.RemoveAll(s.dir) }

// measure runs every scenario with every GOMAXPROCS. What goes wrong with one server is a failure
// in the report, and the others go on; the error is for what stops everything.
func measure(ctx context.Context, set settings, stderr io.Writer) (*report, error) {
	runtime.LockOSThread() // for the load generator, which is this goroutine
	defer runtime.UnlockOSThread()
	entered, err := enter(ctx, set)
	if err != nil {
		return nil, err
	}
	s := &entered
	defer s.leave()
	s.progress = newProgress(stderr, set.steps())
	s.report = &report{findings: findings{Environment: describe(set.Suite.Name, set.Args, len(s.cores))}, Settings: set, suite: set.Suite}
	defer s.progress.end()
	if err := s.build(); err != nil {
		return nil, err
	}
	begin := time.Now()
	for _, procs := range set.Procs {
		if err := s.withProcs(procs); err != nil {
			return nil, err
		}
	}
	s.report.Took = time.Since(begin)
	return s.report, nil
}

// build builds the servers that are programs of their own. The run does without those that cannot
// be built here.
func (s *session) build() error {
	s.built = make(map[string]string)
	var kept []impl
	for _, i := range s.settings.Impls {
		if i.Serve == nil && s.built[i.Name] == "" {
			program, compiler, err := i.build(s.dir)
			if errors.Is(err, errCannotBuild) {
				s.report.note(i.Name + " was left out: " + err.Error())
				continue
			}
			if err != nil {
				return err
			}
			s.built[i.Name] = program
			if compiler != "" {
				s.report.Environment.Compiler = compiler
			}
		}
		kept = append(kept, i)
	}
	s.settings.Impls = kept
	return nil
}

// withProcs runs the scenarios with one GOMAXPROCS of the servers.
func (s *session) withProcs(procs int) error {
	place, core := s.place(procs)
	if place != placeFree {
		if err := moveTo(s.cores[:1]); err != nil {
			return err
		}
		defer moveTo(s.cores) // what worked before works again
	}
	for _, sc := range s.settings.Scenarios {
		if !sc.runsWith(procs, s.settings.Procs) || len(sc.entries(s.settings.Impls)) == 0 {
			continue
		}
		s.progress.begin(fmt.Sprintf("GOMAXPROCS=%d %s", procs, sc.Name))
		r := &race{session: s, scenario: sc, procs: procs, core: core}
		res := result{Scenario: sc, Procs: procs, Place: place}
		var err error
		if sc.Kind == kindIdle {
			res.Servers, err = r.idle()
		} else {
			res.Servers, err = r.run()
		}
		if err != nil {
			return err
		}
		s.report.Results = append(s.report.Results, res)
	}
	return nil
}

// place says where load generator and servers run, and on which core the servers do: -1 if the
// kernel chooses. Servers with more than one processor are left to the kernel, and so is all on a
// machine with too few cores.
func (s *session) place(procs int) (place string, core int) {
	switch {
	case procs == 1 && s.settings.Place == placeApart && len(s.cores) >= 2:
		return placeApart, s.cores[1]
	case procs == 1 && s.settings.Place == placeTogether:
		return placeTogether, s.cores[0]
	}
	return placeFree, -1
}

// steps is how often the progress moves: once for each slice and each look at idle connections.
func (s settings) steps() int {
	n := 0
	for _, procs := range s.Procs {
		for _, sc := range s.Scenarios {
			if sc.runsWith(procs, s.Procs) {
				n += len(sc.entries(s.Impls)) * s.turns(sc)
			}
		}
	}
	return n
}

// turns is how many turns each server has in a scenario, with the one that warms it up.
func (s settings) turns(sc scenario) int {
	if sc.Kind == kindIdle {
		return s.IdleRuns
	}
	return s.cycles(sc) + 1
}

// cycles is how many of them count.
func (s settings) cycles(sc scenario) int { return s.Cycles * max(sc.Often, 1) }
