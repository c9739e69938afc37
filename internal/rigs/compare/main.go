//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"sort"
	"sync"
	"time"

	"github.com/polluxio/pollux/loop"
	"golang.org/x/sys/unix"
)

// A row is one situation on one kind of socket, and what came of it.
type row struct {
	kind         *kind
	operation    *operation
	circumstance *circumstance
	raw          string
	ours         map[string]string // by mode
	broken       error             // it could not be run
}

func (r *row) String() string {
	return r.kind.name + " / " + r.operation.name + " / " + r.circumstance.name
}

// rows are those that this kernel has, and the kinds that it lacks with the reason.
func rows() (list []*row, lacks map[string]error) {
	lacks = make(map[string]error)
	for i := range kinds {
		k := &kinds[i]
		sc, err := k.pair()
		if err != nil {
			lacks[k.name] = err
			continue
		}
		sc.close()
		add := func(operations []operation, circumstances []circumstance) {
			for _, o := range operations {
				if o.stream && k.typ != unix.SOCK_STREAM {
					continue
				}
				for j := range circumstances {
					c := &circumstances[j]
					if o.now && (c.meanwhile != nil || k.proto == mptcp) {
						continue // nothing waits, and so there is no meanwhile; and MPTCP delivers when it likes
					}
					if c.only == nil || c.only(k) {
						list = append(list, &row{kind: k, operation: &o, circumstance: c, ours: make(map[string]string)})
					}
				}
			}
		}
		add(receives, receiving)
		add(sends, sending)
		add(accepts, accepting)
		add(connects, connecting)
		add([]operation{twice(connects[0])}, connecting)
	}
	return list, lacks
}

// atOnce is how many runs are under way: most of them wait.
const atOnce = 48

// run runs the rows, each of them once for each mode and once raw.
func run(list []*row, l []*loop.Loop) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan struct{}, atOnce)
	for i, r := range list {
		for _, mode := range append([]string{""}, modes...) {
			if mode == "callback" && r.operation.straight {
				continue
			}
			wg.Add(1)
			slots <- struct{}{}
			go func() {
				defer func() { <-slots; wg.Done() }()
				got, err := r.once(mode, l[i%len(l)])
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err != nil:
					r.broken = errors.Join(r.broken, fmt.Errorf("%s: %w", mode, err))
				case mode == "":
					r.raw = got
				default:
					r.ours[mode] = got
				}
			}()
		}
	}
	wg.Wait()
}

func (r *row) once(mode string, l *loop.Loop) (string, error) {
	sc, err := r.circumstance.scene(r.kind)
	if err != nil {
		return "", err
	}
	defer sc.close()
	if r.circumstance.before != nil {
		r.circumstance.before(sc)
	}
	if mode == "" {
		return runRaw(r.operation, r.circumstance, sc), nil
	}
	return runOurs(mode, r.operation, r.circumstance, sc, l)
}

// judge writes what differs, and says whether all of it is meant.
func judge(w io.Writer, list []*row, verbose bool) (ok bool) {
	ok = true
	used := make([]int, len(meant))
	present := make(map[string]bool)
	differences, explained := 0, 0
	for _, r := range list {
		present[r.kind.name] = true
		if r.broken != nil {
			fmt.Fprintf(w, "%v: cannot be run: %v\n", r, r.broken)
			ok = false
			continue
		}
		if verbose {
			fmt.Fprintf(w, "%v: %s\n", r, r.raw)
		}
		for _, mode := range modes {
			got, ran := r.ours[mode]
			if got == r.raw || !ran {
				continue
			}
			differences++
			i := meaning(r, mode, got)
			if i < 0 {
				fmt.Fprintf(w, "%v, %s: %s, the kernel %s\n", r, mode, got, r.raw)
				ok = false
				continue
			}
			used[i]++
			explained++
		}
	}
	for i, m := range meant {
		if used[i] == 0 && (m.kind == "" || present[m.kind]) {
			fmt.Fprintf(w, "meant, but it does not differ: %+v\n", m)
			ok = false
		}
	}
	fmt.Fprintf(w, "%d rows, %d runs; %d differences, of which %d are meant\n", len(list), len(list)*(len(modes)+1), differences, explained)
	return ok
}

// counts writes how many rows each kind has.
func counts(w io.Writer, list []*row, lacks map[string]error) {
	n := make(map[string]int)
	for _, r := range list {
		n[r.kind.name]++
	}
	for _, k := range kinds {
		if n[k.name] > 0 {
			fmt.Fprintf(w, "%-16s %4d rows\n", k.name, n[k.name])
		}
	}
	var names []string
	for name := range lacks {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(w, "%-16s not on this kernel: %v\n", name, lacks[name])
	}
}

// doubtful are the rows that differ and are not meant to, or could not be run.
func doubtful(list []*row) (some []*row) {
	for _, r := range list {
		bad := r.broken != nil
		for mode, got := range r.ours {
			bad = bad || got != r.raw && meaning(r, mode, got) < 0
		}
		if bad {
			r.broken = nil
			some = append(some, r)
		}
	}
	return some
}

// compare runs everything.
func compare(w io.Writer, verbose bool) (bool, error) {
	defer os.RemoveAll(folder)
	r, err := loop.NewReactor(nil)
	if err != nil {
		return false, err
	}
	defer r.Close()
	began := time.Now()
	list, lacks := rows()
	run(list, r.Loops())
	// A busy machine may let a row time out: what differs is run once more, a few at a time.
	for range 3 {
		for again := doubtful(list); len(again) > 0; {
			n := min(len(again), 2)
			run(again[:n], r.Loops())
			again = again[n:]
		}
	}
	ok := judge(w, list, verbose)
	counts(w, list, lacks)
	fmt.Fprintf(w, "in %v\n", time.Since(began).Round(100*time.Millisecond))
	return ok, nil
}

func main() {
	verbose := flag.Bool("v", false, "write what came of each row")
	flag.Parse()
	ok, err := compare(os.Stdout, *verbose)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}
