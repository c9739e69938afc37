//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime/pprof"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux/internal/systems"
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
	runs         int
	differed     map[string]int // by what differed and is not meant: in how many of the runs
}

func (r *row) String() string {
	return r.kind.name + " / " + r.operation.name + " / " + r.circumstance.name
}

// isSignaled is true for a row that sends signals, which reach the raw calls of all rows.
func (r *row) isSignaled() bool { return strings.Contains(r.circumstance.name, "signal") }

// rows are those of only that this kernel has, and the kinds that it lacks with the reason.
func rows(only *regexp.Regexp) (list []*row, lacks map[string]error) {
	lacks = make(map[string]error)
	for i := range kinds {
		k := &kinds[i]
		k.stuck = new(atomic.Int32)
		some := rowsOf(k, only)
		if len(some) == 0 {
			continue
		}
		err := k.fault()
		if err == nil {
			err = k.explore()
		}
		if err != nil {
			lacks[k.name] = err
			continue
		}
		list = append(list, rowsOf(k, only)...) // without those that k cannot be in
	}
	return list, lacks
}

// isWhole says whether list has all rows of the kind.
func (k *kind) isWhole(list []*row) bool {
	n := 0
	for _, r := range list {
		if r.kind == k {
			n++
		}
	}
	return n == len(rowsOf(k, everything))
}

var everything = regexp.MustCompile("")

// rowsOf are the rows of a kind that only matches.
func rowsOf(k *kind, only *regexp.Regexp) (list []*row) {
	add := func(operations []operation, circumstances []circumstance) {
		for _, o := range operations {
			if o.stream && k.typ != unix.SOCK_STREAM || o.messages && k.typ == unix.SOCK_STREAM || o.peer && k.addressed {
				continue
			}
			for j := range circumstances {
				c := &circumstances[j]
				if o.now && (c.meanwhile != nil || k.later || c.timeout > 0) {
					continue // nothing waits, and so there is no meanwhile
				}
				if k.noShutdown && strings.Contains(c.name, "shut") {
					continue
				}
				if c.only == nil || c.only(k) {
					r := &row{kind: k, operation: &o, circumstance: c, ours: make(map[string]string)}
					if only.MatchString(r.String()) {
						list = append(list, r)
					}
				}
			}
		}
	}
	add(receives, receiving)
	add([]operation{countedReceive}, receiving[:1])
	add(receives, receivingOnce)
	add([]operation{waitAll}, completing)
	add(receives, receivingMore)
	add(sends, sending)
	add(sends, sendingMore)
	add(accepts, accepting)
	add(accepts, acceptingMore)
	add(connects, connecting)
	add([]operation{twice(connects[0]), afterFailure(connects[0])}, connecting)
	if isTCP(k) {
		add([]operation{fastOpen}, connecting)
	}
	return list
}

// atOnce is how many runs are under way: most of them wait.
var atOnce = map[bool]int{false: 96, true: 32}[inMachine]

// run runs the rows, each of them once for each mode and once raw, and atOnce runs at a time.
func run(list []*row, l []*loop.Loop, atOnce int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan struct{}, atOnce)
	for i, r := range list {
		for _, mode := range append([]string{""}, modes...) {
			if mode == "callback" && (r.operation.straight || r.circumstance.timeout > 0) {
				continue
			}
			wg.Add(1)
			slots <- struct{}{}
			go func() {
				defer func() { <-slots; wg.Done() }()
				got, err := r.bounded(mode, l[i%len(l)])
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

// longest is how long one run may take: a TIPC shutdown waits for 8 seconds.
var longest = 10*time.Second + 20*patience

var errEndless = fmt.Errorf("it did not end within %v", longest)

// mostEndless is how many runs of a kind may fail to end. After them its other rows are not run:
// each would take the whole time, and hold one of the places.
const mostEndless = 3

// bounded is once, and leaves a run behind that does not end. It writes the first of them at once,
// with what all goroutines do.
func (r *row) bounded(mode string, l *loop.Loop) (string, error) {
	k := r.kind
	if places := k.places; places != nil {
		places <- struct{}{}
		defer func() { <-places }() // that of a run that is left behind too
	}
	if k.stuck.Load() >= mostEndless {
		return "", errEndless
	}
	type result struct {
		got string
		err error
	}
	done := make(chan result, 1)
	go func() {
		got, err := r.once(mode, l)
		done <- result{got, err}
	}()
	select {
	case res := <-done:
		return res.got, res.err
	case <-time.After(longest):
	}
	if k.stuck.Add(1) == 1 {
		fmt.Fprintf(os.Stderr, "%v, %q: %v\n", r, mode, errEndless)
		pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
		if inMachine {
			kernelLog(os.Stderr)
		}
	}
	return "", errEndless
}

// kernelLog writes the end of the kernel's log: a fault in the kernel ends the thread that was in
// it, and its call never returns.
func kernelLog(w io.Writer) {
	log := make([]byte, 64<<10)
	if n, err := unix.Klogctl(unix.SYSLOG_ACTION_READ_ALL, log); err == nil {
		w.Write(log[max(0, n-8<<10):n])
	}
}

func (r *row) once(mode string, l *loop.Loop) (string, error) {
	sc, err := r.circumstance.scene(r.kind)
	for tries := 0; err != nil && r.isSignaled() && tries < 10; tries++ {
		sc, err = r.circumstance.scene(r.kind) // a signal of another row has come meanwhile
	}
	if err != nil {
		return "", err
	}
	sc.second = make(chan struct{})
	defer sc.close()
	if r.circumstance.before != nil {
		r.circumstance.before(sc)
		if r.kind.later {
			time.Sleep(settle) // no event tells that the other end has it
		}
	}
	if mode == "" {
		return runRaw(r.operation, r.circumstance, sc), nil
	}
	return runOurs(mode, r.operation, r.circumstance, sc, l)
}

// judge writes what differs, and returns true if all of it is meant. An entry of meant that no row
// uses is a failure too: one of a kind whose rows are all there (whole), and any if all are.
func judge(w io.Writer, list []*row, verbose, all bool) (ok bool) {
	ok = true
	used := make([]int, len(meant))
	whole := make(map[string]bool)
	differences, explained := 0, 0
	for _, r := range list {
		if _, known := whole[r.kind.name]; !known {
			whole[r.kind.name] = all || r.kind.isWhole(list)
		}
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
		if !m.rare && used[i] == 0 && (m.kind == "" && all || whole[m.kind]) {
			fmt.Fprintf(w, "meant, but it does not differ: %+v\n", m)
			ok = false
		}
	}
	for _, r := range list {
		for what, n := range r.differed {
			if n < r.runs {
				fmt.Fprintf(w, "flaky, in %d of %d runs: %v, %s\n", n, r.runs, r, what)
			}
		}
	}
	fmt.Fprintf(w, "%d rows, %d runs; %d differences, of which %d are meant\n", len(list), len(list)*(len(modes)+1), differences, explained)
	return ok
}

// counts writes how many rows each kind has, and in the machine how long they took.
func counts(w io.Writer, list []*row, lacks map[string]error, took map[string]time.Duration) {
	n := make(map[string]int)
	for _, r := range list {
		n[r.kind.name]++
	}
	for _, k := range kinds {
		if n[k.name] > 0 {
			fmt.Fprintf(w, "%-16s %4d rows", k.name, n[k.name])
			if t, ok := took[k.name]; ok {
				fmt.Fprintf(w, " in %v", t.Round(time.Second))
			}
			fmt.Fprintln(w)
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

// note counts a run of r, and what differs in it without being meant. It returns false if nothing
// does.
func (r *row) note() (bad bool) {
	r.runs++
	if r.differed == nil {
		r.differed = make(map[string]int)
	}
	if r.broken != nil {
		r.differed["cannot be run: "+r.broken.Error()]++
		bad = true
	}
	for mode, got := range r.ours {
		if got != r.raw && meaning(r, mode, got) < 0 {
			r.differed[fmt.Sprintf("%s: %s, the kernel %s", mode, got, r.raw)]++
			bad = true
		}
	}
	return bad
}

// settleDoubts repeats the rows that differ and are not meant to, a few at a time, but not those
// that did not end. On a busy machine a row can time out among the others. A difference of at most
// one of the repeats counts as flaky: judge writes it but does not fail. A row that differs in more
// of them keeps its difference. If many rows differ, all of them run again first, with fewer
// others; those that differ again are repeated if a busy machine explains their number.
func settleDoubts(list []*row, l []*loop.Loop) {
	doubtful := doubts(list)
	if len(doubtful) > mostDoubts/2 {
		for _, r := range doubtful {
			r.broken, r.ours = nil, make(map[string]string)
		}
		run(doubtful, l, atOnce/4)
		doubtful = doubts(doubtful)
	}
	if len(doubtful) > mostDoubts {
		return
	}
	for len(doubtful) > 0 {
		n := min(len(doubtful), fewAtOnce)
		some := doubtful[:n]
		doubtful = doubtful[n:]
		bad, good := make([]row, n), make([]row, n) // of each row a run that differs, and one that does not
		times := make([]int, n)
		for range repeats {
			for _, r := range some {
				r.broken, r.ours = nil, make(map[string]string)
			}
			run(some, l, atOnce)
			for i, r := range some {
				if r.note() {
					times[i]++
					bad[i] = *r
				} else {
					good[i] = *r
				}
			}
		}
		for i, r := range some {
			of := good[i]
			if times[i] > 1 {
				of = bad[i]
			}
			r.raw, r.ours, r.broken = of.raw, of.ours, of.broken
		}
	}
}

// doubts are the rows of list whose last run differs.
func doubts(list []*row) (doubtful []*row) {
	for _, r := range list {
		if r.note() && !errors.Is(r.broken, errEndless) {
			doubtful = append(doubtful, r)
		}
	}
	return doubtful
}

// repeats is how often a row that differs is run again, together with how many others, and
// mostDoubts how many rows are.
const (
	repeats    = 3
	fewAtOnce  = 3
	mostDoubts = 40
)

// parts are the rows that run at the same time: those with signals, and the others; and in the
// machine those of each kind, so that a kind that does not end takes no other's place.
func parts(list []*row) (parts [][]*row) {
	type part struct {
		kind     *kind
		signaled bool
	}
	index := make(map[part]int)
	for _, r := range list {
		p := part{signaled: r.isSignaled()}
		if inMachine {
			p.kind = r.kind
		}
		i, ok := index[p]
		if !ok {
			i = len(parts)
			index[p], parts = i, append(parts, nil)
		}
		parts[i] = append(parts[i], r)
	}
	return parts
}

// compare runs everything.
func compare(w io.Writer, verbose bool, only *regexp.Regexp) (bool, error) {
	r, err := loop.NewReactor(nil)
	if err != nil {
		return false, err
	}
	defer r.Close()
	began := time.Now()
	list, lacks := rows(only)
	took := make(map[string]time.Duration)
	for _, some := range parts(list) {
		start := time.Now()
		run(some, r.Loops(), atOnce)
		settleDoubts(some, r.Loops())
		if inMachine {
			name, d := some[0].kind.name, time.Since(start)
			took[name] += d
			fmt.Fprintf(os.Stderr, "%s: %d rows in %v\n", name, len(some), d.Round(time.Second))
		}
	}
	ok := judge(w, list, verbose, only.String() == "" || only.String() == ".")
	for name, err := range lacks {
		ok = ok && !errors.Is(err, errEndless) && (!inMachine || mayLack[name] || errors.As(err, new(kernelFault)))
	}
	counts(w, list, lacks, took)
	fmt.Fprintf(w, "in %v\n", time.Since(began).Round(100*time.Millisecond))
	return ok, nil
}

func main() {
	os.Exit(compareAll())
}

// compareAll reads the flags, and returns the exit status.
func compareAll() int {
	defer os.RemoveAll(folder)
	verbose := flag.Bool("v", false, "write what came of each row")
	only := flag.String("run", "", "only the rows whose name matches this regular expression")
	count := flag.Int("count", 1, "how often, until there is a failure")
	table := flag.Bool("systems", false, "write how the systems differ, and run nothing")
	flag.Parse()
	if *table {
		systems.Print(os.Stdout)
		return 0
	}
	pattern, err := regexp.Compile(*only)
	ok := err == nil
	for i := 0; ok && err == nil && i < *count; i++ {
		ok, err = compare(os.Stdout, *verbose, pattern)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if !ok {
		return 1
	}
	return 0
}
