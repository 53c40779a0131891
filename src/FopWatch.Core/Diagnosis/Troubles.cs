using FopWatch.Wording;

namespace FopWatch.Diagnosis;

/// <summary>
/// Collects troubles and warns the operator: once per source and kind when a trouble begins, then at most every <see cref="WarnEvery"/> with the count, and
/// once more when it is over. Each process knows only the troubles that it saw itself. Thread-safe.
/// </summary>
public sealed class Troubles(IOperatorLog log, TimeProvider time)
{
    /// <summary>The minimum time between two warnings of one source and kind.</summary>
    public static readonly TimeSpan WarnEvery = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long a trouble must not occur, after an operation succeeded, until it is over. So an API that fails every other time is one trouble and not many.
    /// </summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    /// <summary>After this time without another occurrence a trouble is over, even if no operation succeeded.</summary>
    public static readonly TimeSpan Forgotten = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();

    // Bounded: sources come from the settings, and kinds are few.
    private readonly Dictionary<(string? Source, TroubleKind Kind), Entry> _entries = [];

    /// <summary>The current troubles, oldest first.</summary>
    public IReadOnlyList<Trouble> Current
    {
        get
        {
            lock (_lock)
            {
                // Not every process has a timer that calls Check.
                foreach (var entry in _entries.Values)
                    entry.EndIfOver();
                return [.. _entries.Values.Select(entry => entry.Trouble).OfType<Trouble>().OrderBy(trouble => trouble.Since)];
            }
        }
    }

    /// <summary>Records an occurrence of a trouble.</summary>
    /// <param name="source">The name of a configured source; null for the installation.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="detail">Details, without ids, tokens, keys and bodies.</param>
    /// <param name="isLogged">Whether the caller logs this occurrence, so that no warning repeats it.</param>
    public void Occurred(string? source, TroubleKind kind, Sentence? detail = null, bool isLogged = false)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue((source, kind), out var entry))
                _entries.Add((source, kind), entry = new(log, time));
            entry.EndIfOver();
            entry.Add(source, kind, detail);
            if (isLogged)
                entry.CountAsWarned();
            else
                entry.WarnIfDue();
        }
    }

    /// <summary>Records that the store of the installation is unavailable or damaged.</summary>
    /// <param name="detail">Details, without ids, tokens, keys and bodies.</param>
    public void StoreFailed(string detail) => Occurred(null, TroubleKind.StoreUnavailable, Sentence.Verbatim(detail));

    /// <summary>Records the success of an operation that would have failed if the troubles had continued.</summary>
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

    /// <summary>A trouble of the installation is over, and known to be.</summary>
    public void Ended(TroubleKind kind)
    {
        lock (_lock)
        {
            if (_entries.Remove((null, kind), out var entry))
                entry.End();
        }
    }

    /// <summary>A source is configured no more, so its troubles are over.</summary>
    /// <param name="source">The source.</param>
    public void Forget(string source)
    {
        lock (_lock)
        {
            foreach (var key in _entries.Keys.Where(key => key.Source == source).ToList())
            {
                if (_entries.Remove(key, out var entry))
                    entry.End();
            }
        }
    }

    /// <summary>Ends troubles that are over, and warns of occurrences since the last warning. Hosts call it every minute.</summary>
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

    // Measures elapsed time, not wall-clock time: a clock that was ahead for a while would silence warnings until that time comes.
    private sealed class Entry(IOperatorLog log, TimeProvider time)
    {
        private long _first;
        private long _last;
        private long? _warned;
        private long _warnedOf;

        public Trouble? Trouble { get; private set; }

        public bool HasWorked { get; set; }

        public void Add(string? source, TroubleKind kind, Sentence? detail)
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
            // This also limits warnings of a trouble that returns soon after it was over.
            if (Trouble is not { } trouble || trouble.Count == _warnedOf || (_warned is { } at && time.GetElapsedTime(at) < WarnEvery))
                return;
            CountAsWarned();
            log.Warn(trouble);
        }

        public void CountAsWarned() => (_warned, _warnedOf) = (time.GetTimestamp(), Trouble?.Count ?? 0);

        public void EndIfOver()
        {
            if (Trouble is not null && time.GetElapsedTime(_last) >= (HasWorked ? Quiet : Forgotten))
                End();
        }

        public void End()
        {
            if (Trouble is not { } trouble)
                return;
            var warned = _warnedOf > 0;
            (Trouble, HasWorked, _warnedOf) = (null, false, 0);
            if (warned)
                log.Over(trouble, time.GetElapsedTime(_first, _last));
        }
    }
}
