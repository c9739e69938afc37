package sock

import (
	"context"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
)

// resolve gives a the address of its host if it has a name instead, waiting as the view says; never on a loop.
func (s *Socket) resolve(a Addr) (Addr, error) {
	if zone := a.Zone(); zone != "" {
		index, err := IfNametoindex(zone)
		if err != nil {
			return a, noName(zone, "no such interface")
		}
		return a.WithScope(uint32(index)), nil
	}
	if !a.NeedsHost() {
		return a, nil
	}
	r := DefaultResolver
	find := func(ctx context.Context) (Addr, error) {
		infos, err := r.Getaddrinfo(ctx, a.Host(), "", &Hints{Family: families.Host.FamilyOf(a), Type: SOCK_DGRAM})
		if err != nil {
			return a, err
		}
		return a.WithIP(infos[0].Addr.AddrPort().Addr()), nil
	}
	switch who := s.who.(type) {
	case *loop.Task:
		return resolveIn(who, context.Background(), find)
	case *loop.TaskContext:
		return resolveIn(who.Task, who.Context, find)
	case context.Context:
		return find(who)
	}
	return find(context.Background())
}

// resolveIn suspends the task until find has ended. What ends the task's wait ends find too.
func resolveIn[T any](t *loop.Task, ctx context.Context, find func(context.Context) (T, error)) (T, error) {
	f := lookup(ctx, t.Loop(), find)
	defer f.Cancel()
	return f.Await(t)
}
