namespace FopWatch.Local.Hosting;

/// <summary>
/// Bounds the memory of batches that were read for one follower each. When the memory is used up, the follower that has held its batch
/// longest is disconnected, but not before the grace period. It reconnects with its position.
/// </summary>
/// <param name="mostBytes">The most bytes at once. One batch may be larger.</param>
/// <param name="grace">How long a follower may hold a batch while others need the memory.</param>
/// <param name="time">The clock.</param>
internal sealed class HeldBatches(long mostBytes, TimeSpan grace, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Hold> _held = [];
    private TaskCompletionSource _freed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _bytes;

    /// <summary>Waits until there is room for a batch.</summary>
    /// <returns>Dispose it when the follower has received the batch.</returns>
    public async ValueTask<Hold> HoldAsync(int bytes, CancellationToken cancellationToken)
    {
        while (true)
        {
            Hold oldest;
            TimeSpan left;
            Task freed;
            lock (_lock)
            {
                if (_held.First is not { } first || _bytes + bytes <= mostBytes)
                {
                    var hold = new Hold(this, bytes, time.GetTimestamp());
                    _held.AddLast(hold.Node);
                    _bytes += bytes;
                    return hold;
                }

                oldest = first.Value;
                left = grace - time.GetElapsedTime(oldest.Since);
                freed = _freed.Task;
            }

            if (left <= TimeSpan.Zero)
            {
                await oldest.RevokeAsync();
                continue;
            }

            try
            {
                await freed.WaitAsync(left, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // The oldest has used up its grace period.
            }
        }
    }

    private void Free(Hold hold)
    {
        TaskCompletionSource freed;
        lock (_lock)
        {
            if (hold.Node.List is null)
                return;
            _held.Remove(hold.Node);
            _bytes -= hold.Bytes;
            (freed, _freed) = (_freed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        freed.SetResult();
    }

    /// <summary>The memory of a batch.</summary>
    internal sealed class Hold : IDisposable
    {
        private readonly HeldBatches _all;
        private readonly CancellationTokenSource _revoked = new();

        public Hold(HeldBatches all, int bytes, long since)
        {
            (_all, Bytes, Since) = (all, bytes, since);
            Node = new(this);
        }

        public int Bytes { get; }

        public long Since { get; }

        public LinkedListNode<Hold> Node { get; }

        /// <summary>Cancelled when the follower is to be disconnected.</summary>
        public CancellationToken Revoked => _revoked.Token;

        public Task RevokeAsync()
        {
            _all.Free(this);
            return _revoked.CancelAsync();
        }

        // Others may be about to revoke it, so the source of the token stays.
        public void Dispose() => _all.Free(this);
    }
}
