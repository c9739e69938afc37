package main

import (
	"math"
	"slices"
	"testing"
)

func TestQuartiles(t *testing.T) {
	tests := []struct {
		name   string
		values []float64
		want   quartiles
	}{
		{"none", nil, quartiles{}},
		{"one", []float64{3}, quartiles{3, 3, 3, 1}},
		{"two are interpolated", []float64{4, 2}, quartiles{2.5, 3, 3.5, 2}},
		{"five hit values", []float64{5, 1, 4, 2, 3}, quartiles{2, 3, 4, 5}},
		{"an outlier moves nothing", []float64{1, 1, 1, 1, 1000}, quartiles{1, 1, 1, 5}},
		{"fifteen", []float64{15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, quartiles{4.5, 8, 11.5, 15}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := slices.Clone(tt.values)
			if got := quartilesOf(tt.values); got != tt.want {
				t.Errorf("quartilesOf(%v) = %+v, want %+v", tt.values, got, tt.want)
			}
			if !slices.Equal(before, tt.values) {
				t.Errorf("the values were reordered: %v, before %v", tt.values, before)
			}
		})
	}
}

func TestRatios(t *testing.T) {
	tests := []struct {
		name string
		a, b []float64
		want []float64
	}{
		{"pairs, not medians", []float64{1, 20}, []float64{2, 10}, []float64{0.5, 2}},
		{"a server that left early", []float64{1, 2, 3}, []float64{2}, []float64{0.5}},
		{"a value of nothing is left out", []float64{0, 2, 3}, []float64{1, 0, 6}, []float64{0.5}},
		{"none", nil, []float64{1}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ratios(tt.a, tt.b); !slices.Equal(got, tt.want) {
				t.Errorf("ratios(%v, %v) = %v, want %v", tt.a, tt.b, got, tt.want)
			}
		})
	}
}

func TestQuartilesPrinted(t *testing.T) {
	tests := []struct {
		name string
		q    quartiles
		want string
	}{
		{"none", quartiles{}, "-"},
		{"one value has no quartiles", quartiles{1, 1, 1, 1}, "1.00"},
		{"several", quartiles{0.8, 0.9, math.Pi, 15}, "0.90 [0.80-3.14]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.q.full(2); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
