package pollers

import (
	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/kqueue/pipe"
	"github.com/polluxio/pollux/internal/kqueue/user"
)

// KqueueUser makes the poller of macOS over a model of kqueue, see internal/kqueue. It takes five
// descriptors.
func KqueueUser(s pollux.Strategy) (Poller, error) { return user.New(&pollux.Config{Strategy: s}) }

// KqueuePipe makes that of NetBSD over the same model, which wakes itself by a pipe. It takes seven
// descriptors.
func KqueuePipe(s pollux.Strategy) (Poller, error) { return pipe.New(&pollux.Config{Strategy: s}) }
