package protocol_test

import (
	"log/slog"

	"github.com/polluxio/pollux/loop"
)

// quiet is the Config of loops whose log is not to be seen.
func quiet() *loop.Config { return &loop.Config{Logger: slog.New(slog.DiscardHandler)} }
