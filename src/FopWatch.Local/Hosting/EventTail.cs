using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Sqlite;
using FopWatch.Wording;

namespace FopWatch.Local.Hosting;

/// <summary>
/// The end of the event log in memory. It is read and serialized once for any number of followers. A follower that is further behind reads
/// the log until it has caught up; the memory for such reads is bounded in total.
/// </summary>
internal sealed class EventTail(EventLog log, Troubles? troubles, TimeProvider time) : IDisposable
{
    /// <summary>The size of the tail in bytes. A follower that falls further behind reads the log.</summary>
    public const int KeptBytes = 4 * 1024 * 1024;

    /// <summary>The size in bytes at which a batch is full. A batch ends with the event that reaches it.</summary>
    public const int BatchBytes = 64 * 1024;

    /// <summary>The most bytes of batches that were read for single followers and not yet sent.</summary>
    public const int BehindBytes = 32 * 1024 * 1024;

    /// <summary>How long a follower may hold such a batch while others need the memory.</summary>
    public static readonly TimeSpan BehindGrace = TimeSpan.FromSeconds(5);

    private const int BatchEvents = 256;

    // For a follower further ahead of the tail than this, the events in between are not read.
    private const int LongestGap = 4096;

    // Every batch is a write to every follower's socket. Under load, more followers get fewer and larger batches; a single event is sent at
    // once.
    private static readonly TimeSpan ShortestSpacing = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LongestSpacing = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan SpacingOfFollower = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();
    private readonly List<EventBatch> _kept = [];

    // Followers that are behind take turns, so that any number of them leaves processors free.
    private readonly SemaphoreSlim _catchUp = new(Math.Max(1, Environment.ProcessorCount / 2));
    private readonly HeldBatches _behind = new(BehindBytes, BehindGrace, time);
    private long? _end;
    private long _bytes;
    private long? _grewAt;
    private Task<bool>? _growth;
    private int _waiting;

    // The number that waited for the last batch.
    private int _followers;

    private TimeSpan Spacing =>
        TimeSpan.FromTicks(Math.Clamp(Volatile.Read(ref _followers) * SpacingOfFollower.Ticks, ShortestSpacing.Ticks, LongestSpacing.Ticks));

    /// <summary>
    /// Waits for the first events after a position. A follower that continues after the last of them receives every event in the order of the
    /// log.
    /// </summary>
    /// <param name="after">The position of the last event received; 0 for the beginning.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The events, possibly with some before them; null if the store is closed.</returns>
    /// <exception cref="StoreUnavailableException">The store is unavailable.</exception>
    public async Task<EventBatch?> NextAsync(long after, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task<bool>? growth = null;
            long end;
            lock (_lock)
            {
                if (_end is null || after - _end > LongestGap)
                    StartAt(after);
                end = _end!.Value;
                if (after >= end)
                    growth = _growth ??= Task.Run(() => GrowAsync(end), CancellationToken.None);
                else if (Kept(after) is { } kept)
                    return kept;
            }

            if (growth is not null)
            {
                Interlocked.Increment(ref _waiting);
                try
                {
                    if (!await growth.WaitAsync(cancellationToken))
                        return null;
                }
                finally
                {
                    Interlocked.Decrement(ref _waiting);
                }
            }
            else
            {
                return await ReadAsync(after, end, cancellationToken);
            }
        }
    }

    /// <summary>The batch with the first event after a position; null if it is not in the tail.</summary>
    private EventBatch? Kept(long after)
    {
        if (_kept.Count == 0 || after < _kept[0].After)
            return null;
        var (low, high) = (0, _kept.Count - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _kept[middle].Last > after ? (low, middle) : (middle + 1, high);
        }

        return _kept[low];
    }

    public void Dispose() => _catchUp.Dispose();

    private void StartAt(long after)
    {
        _kept.Clear();
        (_bytes, _end) = (0, after);
    }

    private async Task<EventBatch?> ReadAsync(long after, long end, CancellationToken cancellationToken)
    {
        await _catchUp.WaitAsync(cancellationToken);
        try
        {
            var events = await log.ReadAsync(after, BatchEvents, cancellationToken, BatchBytes);

            // If all of them were purged meanwhile, the follower is told at once.
            var batch = events.Count > 0 ? BatchOf(after, events) : new(end, [], log.Epochs);
            batch.Hold = await _behind.HoldAsync(batch.Length, cancellationToken);
            return batch;
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
        finally
        {
            _catchUp.Release();
        }
    }

    /// <summary>Appends the next batch to the tail once there is one.</summary>
    /// <returns>False if the store is closed.</returns>
    private async Task<bool> GrowAsync(long end)
    {
        try
        {
            if (_grewAt is { } grewAt && Spacing - time.GetElapsedTime(grewAt) is var early && early > TimeSpan.Zero)
                await Task.Delay(early, time);
            while (true)
            {
                // Taken before the read, so that an event published after the read began completes it.
                var published = log.Published;
                var events = await log.ReadTailAsync(end, BatchEvents, BatchBytes);
                if (events.Count > 0)
                {
                    Keep(BatchOf(end, events));
                    return true;
                }

                if (log.IsClosed)
                    return false;
                await published;
            }
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        finally
        {
            lock (_lock)
                _growth = null;
        }
    }

    private EventBatch BatchOf(long after, IReadOnlyList<LoggedEvent> events)
    {
        foreach (var unreadable in events.Where(one => one.Problem is not null))
            troubles?.Occurred(unreadable.Key.Source, TroubleKind.UnreadableEvents, Sentence.Verbatim(unreadable.Problem!));
        return new(after, events, log.Epochs);
    }

    private void Keep(EventBatch batch)
    {
        lock (_lock)
        {
            // Unless a follower far ahead has moved the tail.
            if (_end != batch.After)
                return;
            Volatile.Write(ref _followers, Volatile.Read(ref _waiting));
            _kept.Add(batch);
            (_bytes, _end) = (_bytes + batch.Length, batch.Last);
            while (_bytes > KeptBytes && _kept.Count > 1)
            {
                _bytes -= _kept[0].Length;
                _kept.RemoveAt(0);
            }

            _grewAt = batch.Length < BatchBytes ? time.GetTimestamp() : null;
        }
    }
}
