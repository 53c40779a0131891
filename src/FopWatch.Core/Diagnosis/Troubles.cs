namespace FopWatch.Diagnosis;

/// <summary>
/// Warns of what goes wrong: once for each source and kind when it begins, then at most every <see cref="WarnEvery"/> with the count, and once more
/// when it is over. Thread-safe. Each process knows only what it saw itself.
/// </summary>
public sealed class Troubles(IOperatorLog log, TimeProvider time)
{
    /// <summary>The least time between two warnings of one source and kind.</summary>
    public static readonly TimeSpan WarnEvery = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long nothing may have gone wrong, besides something having gone right, until a trouble is over: an API that fails every other time is one
    /// trouble and not many.
    /// </summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    /// <summary>After how long without another occurrence a trouble is over even where nothing went right.</summary>
    public static readonly TimeSpan Forgotten = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();

    // Sources come from the settings, so there are no more than so many times the kinds.
    private readonly Dictionary<(string? Source, TroubleKind Kind), Entry> _entries = [];

    /// <summary>What goes wrong now, the longest first.</summary>
    public IReadOnlyList<Trouble> Current
    {
        get
        {
            lock (_lock)
            {
                // Not every process has a timer that checks.
                foreach (var entry in _entries.Values)
                    entry.EndIfOver();
                return [.. _entries.Values.Select(entry => entry.Trouble).OfType<Trouble>().OrderBy(trouble => trouble.Since)];
            }
        }
    }

    /// <summary>Something went wrong.</summary>
    /// <param name="source">The name of a configured source; null for the installation.</param>
    /// <param name="kind">What.</param>
    /// <param name="detail">What was seen, in words without ids, tokens, keys and bodies.</param>
    public void Occurred(string? source, TroubleKind kind, string? detail = null)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue((source, kind), out var entry))
                _entries.Add((source, kind), entry = new(log, time));
            entry.EndIfOver();
            entry.Add(source, kind, detail);
            entry.WarnIfDue();
        }
    }

    /// <summary>Something went right that would not have, had the trouble gone on.</summary>
    public void Worked(string? source, params ReadOnlySpan<TroubleKind> kinds)
    {
        lock (_lock)
        {
            foreach (var kind in kinds)
            {
                if (!_entries.TryGetValue((source, kind), out var entry) || entry.Trouble is null)
                    continue;
                entry.HasWorked = true;
                entry.EndIfOver();
            }
        }
    }

    /// <summary>Ends what is over and warns of what was counted since the last warning. For a host to call every minute.</summary>
    public void Check()
    {
        lock (_lock)
        {
            foreach (var entry in _entries.Values)
            {
                entry.EndIfOver();
                entry.WarnIfDue();
            }
        }
    }

    // What has passed is not read from the clock: one that was ahead for a time would silence warnings until its time comes.
    private sealed class Entry(IOperatorLog log, TimeProvider time)
    {
        private long _first;
        private long _last;
        private long? _warned;
        private long _warnedOf;

        public Trouble? Trouble { get; private set; }

        public bool HasWorked { get; set; }

        public void Add(string? source, TroubleKind kind, string? detail)
        {
            HasWorked = false;
            var now = time.GetUtcNow();
            _last = time.GetTimestamp();
            if (Trouble is null)
                _first = _last;
            Trouble = Trouble is { } known
                ? known with { Count = known.Count + 1, LastAt = now, Detail = detail ?? known.Detail }
                : new() { Source = source, Kind = kind, Since = now, LastAt = now, Count = 1, Detail = detail };
        }

        public void WarnIfDue()
        {
            // Also where a trouble comes back soon after it was over.
            if (Trouble is not { } trouble || trouble.Count == _warnedOf || (_warned is { } at && time.GetElapsedTime(at) < WarnEvery))
                return;
            (_warned, _warnedOf) = (time.GetTimestamp(), trouble.Count);
            log.Warn(trouble);
        }

        public void EndIfOver()
        {
            if (Trouble is not { } trouble || time.GetElapsedTime(_last) < (HasWorked ? Quiet : Forgotten))
                return;
            var warned = _warnedOf > 0;
            (Trouble, HasWorked, _warnedOf) = (null, false, 0);
            if (warned)
                log.Over(trouble, time.GetElapsedTime(_first, _last));
        }
    }
}
