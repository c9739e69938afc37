package main

import (
	"errors"
	"fmt"
	"time"
)

// idle looks at the memory of each server, a fresh process each time, without connections and with.
func (r *race) idle() ([]*serverResult, error) {
	conns, err := r.idleConns()
	if err != nil {
		return nil, err
	}
	var results []*serverResult
	for _, e := range r.scenario.entries(r.settings.Impls) {
		l := &lane{entry: e, result: &serverResult{Name: e.Name, Impl: e.Impl.Name}}
		results = append(results, l.result)
		for range r.settings.IdleRuns {
			if r.ctx.Err() != nil {
				return nil, errors.New("interrupted")
			}
			if l.result.Failure == "" {
				m, err := r.idleOnce(l, conns)
				if err != nil {
					r.fail(l, err)
				} else {
					l.result.Idle = append(l.result.Idle, m)
				}
			}
			r.progress.step()
		}
	}
	return results, nil
}

// idleConns is how many connections the limit of open files allows, at most those of the scenario.
func (r *race) idleConns() (int, error) {
	conns := r.scenario.Conns
	if r.settings.Conns > 0 {
		conns = r.settings.Conns
	}
	limit, err := openFiles()
	switch {
	case err != nil:
		return 0, err
	case limit >= conns+spareFiles:
		return conns, nil
	case limit < 2*spareFiles:
		return 0, fmt.Errorf("idle: %d open files are too few (ulimit -n)", limit)
	}
	conns = limit - spareFiles
	r.report.note(fmt.Sprintf("idle: %d connections, because of the limit of %d open files (ulimit -n)", conns, limit))
	return conns, nil
}

// idleOnce measures one process. Its first connection is not counted: it brings the code of the
// whole path into memory, which every later connection shares.
func (r *race) idleOnce(l *lane, conns int) (m idleMemory, err error) {
	p, err := r.startServer(l.entry)
	if err != nil {
		return m, err
	}
	l.process = p
	defer p.stop()
	m.Connections = conns
	for _, stage := range []struct {
		conns int
		load  time.Duration
		rss   *int64
		heap  *int64
	}{
		{1, 20 * time.Millisecond, &m.Before, &m.HeapBefore},
		{conns, 0, &m.After, &m.HeapAfter},
	} {
		c, err := newClient(p.addr, stage.conns, r.scenario.Depth, echoTalk(r.scenario.Size))
		if err != nil {
			return m, err
		}
		defer c.close() // at the end of both stages
		t, err := c.load(stage.load, nil)
		l.result.Corrupt += t.corrupt
		if err != nil {
			return m, l.explain(err)
		}
		if t.corrupt > 0 {
			return m, fmt.Errorf("%d reads did not match what was sent", t.corrupt)
		}
		// The heap is asked for before the first look at resident memory, and after the second: it
		// collects garbage, and what that takes is not the connections'.
		if l.Impl.Serve != nil && stage.heap == &m.HeapBefore {
			if *stage.heap, err = p.heap(); err != nil {
				return m, err
			}
		}
		time.Sleep(idleSettle)
		if *stage.rss, err = p.rss(); err != nil {
			return m, err
		}
		if l.Impl.Serve != nil && stage.heap == &m.HeapAfter {
			if *stage.heap, err = p.heap(); err != nil {
				return m, err
			}
		}
	}
	return m, nil
}

// idleSettle lets a server finish what it does after its last answer, such as a collection of
// garbage; there is no event to wait for.
const idleSettle = 100 * time.Millisecond
