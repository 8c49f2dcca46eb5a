package report

import (
	"bytes"
	"compress/flate"
	"io"
	"runtime"
	"slices"
	"sync"
)

// blockRaw is how much is compressed at a time. Blocks know nothing of each
// other, so they can be compressed side by side, and how many are makes no
// difference to the bytes.
const blockRaw = 256 << 10

// lastBlock ends a DEFLATE stream: an empty stored block with the final bit
// (RFC 1951, section 3.2.4).
const lastBlock = "\x01\x00\x00\xff\xff"

// maxDeflated bounds what n bytes become: the encoder stores what it can't
// compress in blocks of 64 KiB with 5 bytes each, and each sync adds 5.
func maxDeflated(n int64) int64 { return n + (n/(32<<10)+2)*5 + 16 }

// deflatePool compresses blocks for any number of entries.
type deflatePool struct {
	jobs    chan *deflateJob
	workers int
	wg      sync.WaitGroup
	free    sync.Pool
}

type deflateJob struct {
	raw  []byte
	out  bytes.Buffer
	err  error
	done chan struct{}
}

func newDeflatePool() *deflatePool {
	p := &deflatePool{workers: max(runtime.GOMAXPROCS(0), 1)}
	p.jobs = make(chan *deflateJob, p.workers)
	p.free.New = func() any { return &deflateJob{raw: make([]byte, 0, blockRaw), done: make(chan struct{}, 1)} }
	for range p.workers {
		p.wg.Go(p.work)
	}
	return p
}

func (p *deflatePool) work() {
	w, err := flate.NewWriter(io.Discard, flate.BestSpeed)
	for j := range p.jobs {
		j.err = err
		if err == nil {
			w.Reset(&j.out)
			_, j.err = w.Write(j.raw)
			if ferr := w.Flush(); j.err == nil {
				j.err = ferr
			}
		}
		j.done <- struct{}{}
	}
}

func (p *deflatePool) close() {
	close(p.jobs)
	p.wg.Wait()
}

// deflater is one DEFLATE stream.
type deflater struct {
	pool  *deflatePool
	to    io.Writer
	cur   *deflateJob
	queue []*deflateJob // under way, in order
	err   error
}

func (d *deflater) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 && d.err == nil {
		if d.cur == nil {
			d.cur, _ = d.pool.free.Get().(*deflateJob)
			d.cur.raw = d.cur.raw[:0]
			d.cur.out.Reset()
		}
		n := min(blockRaw-len(d.cur.raw), len(p))
		d.cur.raw = append(d.cur.raw, p[:n]...)
		p = p[n:]
		written += n
		if len(d.cur.raw) == blockRaw {
			d.submit()
		}
	}
	return written, d.err
}

func (d *deflater) submit() {
	if d.cur == nil || len(d.cur.raw) == 0 {
		return
	}
	for len(d.queue) > d.pool.workers {
		d.take()
	}
	d.pool.jobs <- d.cur
	d.queue = append(d.queue, d.cur)
	d.cur = nil
}

// take writes the oldest block.
func (d *deflater) take() {
	j := d.queue[0]
	d.queue = slices.Delete(d.queue, 0, 1) // which lets go of the block, too
	<-j.done
	if d.err == nil {
		d.err = j.err
	}
	if d.err == nil {
		_, d.err = d.to.Write(j.out.Bytes())
	}
	d.pool.free.Put(j)
}

// sync writes out all that was written so far.
func (d *deflater) sync() error {
	d.submit()
	for len(d.queue) > 0 {
		d.take()
	}
	return d.err
}

// Close ends the stream; it does not close what lies below.
func (d *deflater) Close() error {
	if err := d.sync(); err != nil {
		return err
	}
	_, d.err = io.WriteString(d.to, lastBlock)
	return d.err
}
