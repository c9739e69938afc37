package loop

import (
	"context"
	"log/slog"
	"strings"
	"sync"
)

// A logbook is a slog.Handler that keeps all entries for the test to read. It does not support
// groups and WithAttrs, which this package does not use.
type logbook struct {
	onEntry func() // called for each entry; may be nil

	mu      sync.Mutex
	entries []logEntry
}

type logEntry struct {
	Level   slog.Level
	Message string
	attrs   map[string]any
}

// ContextMap returns the value of each attribute.
func (e logEntry) ContextMap() map[string]any { return e.attrs }

func (b *logbook) Enabled(context.Context, slog.Level) bool { return true }

func (b *logbook) Handle(_ context.Context, r slog.Record) error {
	e := logEntry{Level: r.Level, Message: r.Message, attrs: make(map[string]any)}
	r.Attrs(func(a slog.Attr) bool {
		e.attrs[a.Key] = a.Value.Resolve().Any()
		return true
	})
	b.mu.Lock()
	b.entries = append(b.entries, e)
	b.mu.Unlock()
	if b.onEntry != nil {
		b.onEntry()
	}
	return nil
}

func (b *logbook) WithAttrs([]slog.Attr) slog.Handler { panic("a logbook has no WithAttrs") }
func (b *logbook) WithGroup(string) slog.Handler      { panic("a logbook has no WithGroup") }

// All returns a copy of the entries.
func (b *logbook) All() []logEntry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]logEntry(nil), b.entries...)
}

func (b *logbook) Len() int { return len(b.All()) }

// FilterMessage returns the entries whose message is text.
func (b *logbook) FilterMessage(text string) *logbook {
	return b.filter(func(e logEntry) bool { return e.Message == text })
}

// FilterMessageSnippet returns the entries whose message contains text.
func (b *logbook) FilterMessageSnippet(text string) *logbook {
	return b.filter(func(e logEntry) bool { return strings.Contains(e.Message, text) })
}

// FilterLevelExact returns the entries of one level.
func (b *logbook) FilterLevelExact(level slog.Level) *logbook {
	return b.filter(func(e logEntry) bool { return e.Level == level })
}

func (b *logbook) filter(keep func(logEntry) bool) *logbook {
	some := new(logbook)
	for _, e := range b.All() {
		if keep(e) {
			some.entries = append(some.entries, e)
		}
	}
	return some
}

// silent is a logger for tests that do not read the log.
var silent = slog.New(slog.DiscardHandler)
