package loop

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

// A wrongCall passes nil, or a number out of range, as one argument of one exported function.
type wrongCall struct {
	// call returns the error of the function. task is running if onTask is set, and otherwise nil.
	call   func(s *stage, task *Task) error
	onTask bool
	panics bool   // the function returns no error, so it panics in its caller
	want   string // the text of the error or the panic; "": the value is allowed
}

// noError makes a call of a function that returns no error.
func noError(fn func(s *stage, task *Task)) func(*stage, *Task) error {
	return func(s *stage, task *Task) error { fn(s, task); return nil }
}

// wrongCalls has a row for each argument of an exported function that can be nil or out of range:
// "Type.Method argument".
func wrongCalls() map[string]wrongCall {
	isNil := func(what string) string { return what + " is nil: must not be nil" }
	const isNilPointer = "runtime error: invalid memory address or nil pointer dereference" // each message makes several calls of End: a check costs too much
	return map[string]wrongCall{
		"Loop.Post fn":  {call: func(s *stage, _ *Task) error { return s.Post(nil) }, want: isNil("loop: Post: fn")},
		"Loop.Do fn":    {call: func(s *stage, _ *Task) error { return s.Do(nil) }, want: isNil("loop: Loop.Do: fn")},
		"Loop.Run ctx":  {call: func(s *stage, _ *Task) error { return s.Run(none) }, want: isNil("loop: Run: ctx")},
		"Loop.After fn": {call: noError(func(s *stage, _ *Task) { s.After(0, nil) }), panics: true, want: isNil("loop: After: fn")},
		"Loop.Every fn": {call: noError(func(s *stage, _ *Task) { s.Every(0, nil) }), panics: true, want: isNil("loop: Every: fn")},
		"Loop.Go fn":    {call: noError(func(s *stage, _ *Task) { s.Go(nil) }), panics: true, want: isNil("loop: Go: fn")},
		"New cfg":       {call: func(*stage, *Task) error { l, err := New(nil); return closed(l, err) }},
		"New cfg with a poller that is nil": {call: func(*stage, *Task) error {
			_, err := New(&Config{NewPoller: func() (Poller, error) { return nil, nil }})
			return err
		}, want: isNil("loop: New: the poller of Config.NewPoller")},
		"New cfg with numbers below 0": {call: func(*stage, *Task) error {
			return closed(NewReactor(&Config{Loops: -1, Workers: -1, StuckAfter: -1, NewPoller: sleeper}))
		}},
		"NewReactor cfg": {call: func(*stage, *Task) error { r, err := NewReactor(nil); return closed(r, err) }},

		"Loop.After d":  {call: noError(func(s *stage, _ *Task) { s.After(-1, func() {}) })},
		"Loop.Every d":  {call: noError(func(s *stage, _ *Task) { s.Every(-1, func() {}).Stop() })},
		"Timer.Reset d": {call: noError(func(s *stage, _ *Task) { s.After(0, func() {}).Reset(-1) })},
		"SetDefaults cfg": {call: func(*stage, *Task) error {
			if err := SetDefaults(nil); err != ErrDefaultInUse {
				return err
			}
			return nil
		}},

		"Task.Do fn":         {call: func(_ *stage, t *Task) error { return t.Do(nil) }, onTask: true, want: isNil("loop: Task.Do: fn")},
		"Task.DoWith fn":     {call: func(_ *stage, t *Task) error { return t.DoWith(context.Background(), nil) }, onTask: true, want: isNil("loop: Task.DoWith: fn")},
		"Task.DoWith ctx":    {call: func(_ *stage, t *Task) error { return t.DoWith(none, nil) }, onTask: true, want: isNil("loop: Task.DoWith: fn")},
		"Task.Within fn":     {call: func(_ *stage, t *Task) error { return t.Within(0, nil) }, onTask: true, want: isNil("loop: Task.Within: fn")},
		"Task.Within d":      {call: func(_ *stage, t *Task) error { return t.Within(-1, func() error { return nil }) }, onTask: true},
		"Task.Wait ctx":      {call: func(s *stage, _ *Task) error { t := s.Go(func(*Task) {}); s.turn(); return t.Wait(none) }},
		"Task.Sleep d":       {call: noError(func(s *stage, _ *Task) { s.Go(func(t *Task) { t.Sleep(-1) }); s.turn() })},
		"Group.Go fn":        {call: noError(func(s *stage, _ *Task) { NewGroup(s.Loop).Go(nil) }), panics: true, want: isNil("loop: Group.Go: fn")},
		"Group.GoOn l":       {call: noError(func(s *stage, _ *Task) { NewGroup(s.Loop).GoOn(nil, func(*Task) error { return nil }) }), panics: true, want: isNil("loop: Group.GoOn: l")},
		"Group.GoOn fn":      {call: noError(func(s *stage, _ *Task) { NewGroup(s.Loop).GoOn(s.Loop, nil) }), panics: true, want: isNil("loop: Group.GoOn: fn")},
		"Group.Wait t":       {call: func(s *stage, _ *Task) error { return NewGroup(s.Loop).Wait(nil) }, want: isNil("loop: Group.Wait: t")},
		"NewGroup l":         {call: noError(func(*stage, *Task) { NewGroup(nil) }), panics: true, want: isNil("loop: NewGroup: l")},
		"NewSemaphore l":     {call: noError(func(*stage, *Task) { NewSemaphore(nil, 1) }), panics: true, want: isNil("loop: NewSemaphore: l")},
		"NewSemaphore n":     {call: noError(func(s *stage, _ *Task) { NewSemaphore(s.Loop, 0) }), panics: true, want: "loop: NewSemaphore: 0 places: must be above 0"},
		"NewQueue l":         {call: noError(func(*stage, *Task) { NewQueue[int](nil, 1) }), panics: true, want: isNil("loop: NewQueue: l")},
		"NewQueue n":         {call: noError(func(s *stage, _ *Task) { NewQueue[int](s.Loop, -1) }), panics: true, want: "loop: NewQueue: room for -1 values: must be above 0"},
		"NewPromise l":       {call: noError(func(*stage, *Task) { NewPromise[int](nil) }), panics: true, want: isNil("loop: NewPromise: l")},
		"Promise.Reject err": {call: noError(func(s *stage, _ *Task) { NewPromise[int](s.Loop).Reject(nil) }), panics: true, want: isNil("loop: Promise.Reject: err")},
		"Promise.CancelBy fn": {call: noError(func(s *stage, _ *Task) {
			p := NewPromise[int](s.Loop)
			p.CancelBy(nil)
			p.Future().Cancel()
			if !p.Future().Settled() {
				s.t.Error("a promise without CancelBy is not settled by Cancel")
			}
		})},
		"Promise.ResolveWith err": {call: noError(func(s *stage, _ *Task) { NewPromise[int](s.Loop).ResolveWith(0, nil) })},
		"Queue.Put t":             {call: func(s *stage, _ *Task) error { return NewQueue[int](s.Loop, 1).Put(nil, 0) }, want: isNil("loop: Queue.Put: t")},
		"Queue.Get t":             {call: func(s *stage, _ *Task) error { _, err := NewQueue[int](s.Loop, 1).Get(nil); return err }, want: isNil("loop: Queue.Get: t")},
		"Queue.PutContext ctx":    {call: func(s *stage, _ *Task) error { return NewQueue[int](s.Loop, 1).PutContext(none, 0) }},
		"Queue.GetContext ctx": {call: func(s *stage, _ *Task) error { // a nil ctx never ends
			q := NewQueue[int](s.Loop, 1)
			time.AfterFunc(time.Millisecond, func() { q.TryPut(1) })
			_, err := q.GetContext(none)
			return err
		}},
		"Semaphore.Acquire t": {call: func(s *stage, _ *Task) error { return NewSemaphore(s.Loop, 1).Acquire(nil) }, want: isNil("loop: Semaphore.Acquire: t")},
		"Semaphore.AcquireContext ctx": {call: func(s *stage, _ *Task) error { // a nil ctx never ends
			m := NewSemaphore(s.Loop, 1)
			m.TryAcquire()
			time.AfterFunc(time.Millisecond, m.Release)
			return m.AcquireContext(none)
		}},
		"Select t":       {call: func(*stage, *Task) error { _, err := Select(nil); return err }, want: isNil("loop: Select: t")},
		"Select futures": {call: func(_ *stage, t *Task) error { _, err := Select(t, Settled(0, nil), nil); return err }, onTask: true, want: isNil("loop: Select: futures[1]")},

		"Future.Await t": {call: func(*stage, *Task) error { _, err := Settled(0, nil).Await(nil); return err }, want: isNil("loop: Future.Await: t")},
		"Future.Wait ctx": {call: func(s *stage, _ *Task) error { // a nil ctx never ends
			p := NewPromise[int](s.Loop)
			time.AfterFunc(time.Millisecond, func() { p.Resolve(1) })
			_, err := p.Future().Wait(none)
			return err
		}},
		"Future.Then fn": {call: noError(func(s *stage, _ *Task) { SettledOn(s.joined(), 0, nil).Then(nil) }), panics: true, want: isNil("loop: Future.Then: fn")},
		"Settled err":    {call: noError(func(*stage, *Task) { Settled(0, nil) })},
		"SettledOn fd":   {call: noError(func(*stage, *Task) { SettledOn(nil, 0, nil) }), panics: true, want: isNil("loop: SettledOn: fd")},
		"SettledOn err":  {call: noError(func(s *stage, _ *Task) { SettledOn(s.joined(), 0, nil) })},

		"Start fd": {call: func(s *stage, _ *Task) error { return started(Start(nil, nil, &Op{Attempt: new(play)}, new(int))) }, want: isNil("loop: Start: fd")},
		"Start l": {call: func(s *stage, _ *Task) error {
			return started(Start(s.joined(), nil, &Op{Attempt: &play{parts: []part{done}}}, new(int)))
		}},
		"Start o": {call: func(s *stage, _ *Task) error { return started(Start(s.joined(), nil, nil, new(int))) }, want: isNil("loop: Start: o")},
		"Start p": {call: func(s *stage, _ *Task) error {
			return started(Start[int](s.joined(), nil, &Op{Attempt: new(play)}, nil))
		}, want: isNil("loop: Start: p")},
		"Start o without an attempt": {call: func(s *stage, _ *Task) error { return started(Start(s.joined(), nil, new(Op), new(int))) }, want: isNil("loop: Start: o.Attempt")},
		"Start o of no lane": {call: func(s *stage, _ *Task) error {
			return started(Start(s.joined(), nil, &Op{Call: Call{Lane: 7}, Attempt: new(play)}, new(int)))
		}, want: "loop: Start: the direction is 7: must be Read or Write"},

		"FD.Do a":               {call: func(s *stage, _ *Task) error { return s.joined().Do(new(Call), nil) }, want: isNil("loop: FD.Do: a")},
		"FD.Do c":               {call: func(s *stage, _ *Task) error { return s.joined().Do(nil, new(play)) }, want: isNil("loop: FD.Do: c")},
		"FD.Begin c":            {call: func(s *stage, _ *Task) error { return s.joined().Begin(nil) }, want: isNil("loop: FD.Begin: c")},
		"FD.Begin c of no lane": {call: func(s *stage, _ *Task) error { return s.joined().Begin(&Call{Lane: 2}) }, want: "loop: FD.Begin: the direction is 2: must be Read or Write"},
		"FD.Join l":             {call: func(s *stage, _ *Task) error { return s.joined().Join(nil) }},
		"FD.Watch l":            {call: func(s *stage, _ *Task) error { return s.joined().Watch(nil, new(witness)) }},
		"FD.Watch w":            {call: func(s *stage, _ *Task) error { return s.joined().Watch(s.Loop, nil) }, want: isNil("loop: FD.Watch: w")},
		"FD.WatchAfter l":       {call: func(s *stage, _ *Task) error { return s.joined().WatchAfter(nil, new(witness), func() {}) }},
		"FD.WatchAfter w":       {call: func(s *stage, _ *Task) error { return s.joined().WatchAfter(s.Loop, nil, nil) }, want: isNil("loop: FD.Watch: w")},
		"FD.WatchAfter first":   {call: func(s *stage, _ *Task) error { return s.joined().WatchAfter(s.Loop, new(witness), nil) }},
		"FD.Busy d":             {call: noError(func(s *stage, _ *Task) { s.joined().Busy(7) })},
		"FD.SetDeadline d":      {call: func(s *stage, _ *Task) error { return s.joined().SetDeadline(2, timeouts.Now) }, want: "loop: FD.SetDeadline: the direction is 2: must be Read or Write"},
		"FD.Hold d":             {call: noError(func(s *stage, _ *Task) { s.joined().Hold(7) })},
		"ByContext ctx":         {call: noError(func(*stage, *Task) { _ = ByContext(none) })},
		"ByTask t": {call: func(s *stage, _ *Task) error {
			return s.joined().Do(&Call{Waiter: ByTask(nil)}, &play{parts: []part{done}})
		}},
		"Waiter.In t": {call: func(s *stage, _ *Task) error {
			return s.joined().Do(&Call{Waiter: Waiter{}.In(nil)}, &play{parts: []part{done}})
		}},
		"Waiter.With ctx": {call: func(s *stage, _ *Task) error {
			return s.joined().Do(&Call{Waiter: Waiter{}.With(none)}, &play{parts: []part{done}})
		}},
		"FD.End c":   {call: noError(func(s *stage, _ *Task) { s.joined().End(nil, new(Outcome), nil) }), panics: true, want: isNilPointer},
		"FD.End out": {call: noError(func(s *stage, _ *Task) { s.joined().End(new(Call), nil, nil) }), panics: true, want: isNilPointer},
		"FD.End err": {call: func(s *stage, _ *Task) error {
			fd, c := s.joined(), new(Call)
			if err := fd.Begin(c); err != nil {
				return err
			}
			fd.End(c, new(Outcome), nil)
			return nil
		}},
		"FD.Init sysfd":     {call: noError(func(s *stage, _ *Task) { new(FD).Init(-1) })},
		"NewFD sysfd":       {call: noError(func(s *stage, _ *Task) { NewFD(-1).Close() })},
		"Histogram.Bound i": {call: noError(func(*stage, *Task) { Histogram{}.Bound(histogramSize) })},
	}
}

// started returns the error of a future that must be settled.
func started(f Future[int]) error {
	if !f.Settled() {
		return errors.New("the future is not settled")
	}
	_, err := f.Wait(context.Background())
	return err
}

// closed closes what a call has made.
func closed[T interface{ Close() error }](made T, err error) error {
	if err != nil {
		return err
	}
	return made.Close()
}

// Each wrong argument is an error or a panic of the call itself, with a text that names it. The
// loop never meets it.
func TestWrongArguments(t *testing.T) {
	for name, tt := range wrongCalls() {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			var got string
			call := func(task *Task) {
				defer func() {
					v := recover()
					if (v != nil) != tt.panics {
						t.Errorf("panic: %v; a panic is expected: %v", v, tt.panics)
					}
					if v != nil {
						got = fmt.Sprint(v)
					}
				}()
				if err := tt.call(s, task); err != nil {
					got = err.Error()
				}
			}
			if tt.onTask {
				s.Go(call)
			} else {
				call(nil)
			}
			for range 3 {
				s.turn()
			}
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if met := s.logs.FilterMessageSnippet("panic").All(); len(met) > 0 {
				t.Errorf("the loop met the argument: %v", met)
			}
			ran := false
			s.Post(func() { ran = true })
			if s.turn(); !ran {
				t.Error("the loop does not go on")
			}
		})
	}
}

// Every argument of an exported function that can be nil or out of range has a row.
func TestWrongArgumentsAreComplete(t *testing.T) {
	rows := make(map[string]bool)
	for name := range wrongCalls() {
		rows[name] = true
	}
	files := token.NewFileSet()
	found := 0
	for _, f := range parsed(t, files) {
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || !fn.Name.IsExported() {
				continue
			}
			name := fn.Name.Name
			if fn.Recv != nil {
				of := receiver(fn.Recv.List[0].Type)
				if !ast.IsExported(of) || of == "PanicError" {
					continue
				}
				name = of + "." + name
			}
			for _, p := range fn.Type.Params.List {
				if !canBeWrong(p.Type) {
					continue
				}
				for _, arg := range p.Names {
					found++
					if row := name + " " + arg.Name; !rows[row] {
						t.Errorf("%v: no row for %q", files.Position(arg.Pos()), row)
					}
				}
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d arguments found", found)
	}
}

// parsed returns the files of the package, without tests.
func parsed(t *testing.T, files *token.FileSet) (all []*ast.File) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return all
}

// receiver returns the name of a method's type.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// canBeWrong reports whether a value of the type can be nil or out of range.
func canBeWrong(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.FuncType, *ast.StarExpr, *ast.InterfaceType:
		return true
	case *ast.Ellipsis:
		return canBeWrong(e.Elt)
	case *ast.SelectorExpr:
		return slices.Contains([]string{"Context", "Duration", "Clock"}, e.Sel.Name)
	case *ast.Ident:
		return slices.Contains([]string{"error", "int", "Direction", "Watcher", "Attempt", "Selectable", "Poller"}, e.Name)
	}
	return false
}

func TestDirectionString(t *testing.T) {
	for d, want := range map[Direction]string{Read: "read", Write: "write", 2: "Direction(2)"} {
		if got := d.String(); got != want {
			t.Errorf("%d: %q, want %q", uint8(d), got, want)
		}
	}
}
