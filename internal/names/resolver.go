package names

import (
	"context"
	"net"
	"sync"
	"time"
)

// A Resolver answers the questions of this package. It is a value.
type Resolver struct {
	Net   *net.Resolver // answers; nil is net.DefaultResolver
	Limit int           // of look-ups at once; 0 is 64. Only the first look-up of Slots reads it
	Slots *Slots        // shared by all look-ups that Limit counts
}

// Slots count the running look-ups. The zero Slots are ready for use; they must not be copied.
type Slots struct {
	once  sync.Once
	taken chan struct{} // made once; has an element for each running look-up
}

const defaultLimit = 64

func (s *Slots) open(limit int) {
	s.once.Do(func() {
		if limit <= 0 {
			limit = defaultLimit
		}
		s.taken = make(chan struct{}, limit)
	})
}

// ask runs question in one of the resolver's slots.
//
// If ctx ends first, ask returns its cause and leaves the question running. The slot becomes free
// when the question returns: package net does not always notice a canceled context at once.
func ask[T any](ctx context.Context, r Resolver, question func(context.Context, *net.Resolver) (T, error)) (T, error) {
	slots := r.Slots
	slots.open(r.Limit)
	var none T
	if ctx.Err() != nil {
		return none, context.Cause(ctx)
	}
	select {
	case slots.taken <- struct{}{}:
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
	from := r.Net
	if from == nil {
		from = net.DefaultResolver
	}

	type answer struct {
		v   T
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		defer func() { <-slots.taken }()
		v, err := question(ctx, from)
		answers <- answer{v, err}
	}()
	select {
	case a := <-answers:
		if d, ok := ctx.Deadline(); a.err != nil && ok && !time.Now().Before(d) {
			<-ctx.Done() // its timer is a little late
		}
		if a.err != nil && ctx.Err() != nil {
			return none, context.Cause(ctx)
		}
		return a.v, a.err
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}
