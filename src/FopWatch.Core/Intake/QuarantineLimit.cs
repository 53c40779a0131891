using System.Collections.Concurrent;

namespace FopWatch.Intake;

/// <summary>
/// Keeps those who know a notify URL from filling the disk with notifications that nobody can verify. What is there already is never
/// thrown away to make room: it may be genuine, and who floods must not be able to wash it out.
/// </summary>
internal sealed class QuarantineLimit(IQuarantine quarantine, TimeProvider time)
{
    /// <summary>The most notifications of a source.</summary>
    public const int MaxNotifications = 10_000;

    /// <summary>The most bytes that the bodies of a source's notifications may have together.</summary>
    public const long MaxBytes = 256L * 1024 * 1024;

    // Others add and remove too; between two counts, what was admitted is counted here.
    private static readonly TimeSpan CountEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan CountEveryWhileFull = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Lane> _lanes = new(StringComparer.Ordinal);

    public async ValueTask<bool> AdmitsAsync(string source, int bytes, CancellationToken cancellationToken)
    {
        var lane = _lanes.GetOrAdd(source, static _ => new());
        await lane.Turn.WaitAsync(cancellationToken);
        try
        {
            var next = lane.With(bytes);
            if (lane.CountedAt is not { } countedAt || time.GetElapsedTime(countedAt) >= (Fits(next) ? CountEvery : CountEveryWhileFull))
            {
                lane.Size = await quarantine.SizeAsync(source, cancellationToken);
                lane.CountedAt = time.GetTimestamp();
                next = lane.With(bytes);
            }

            if (!Fits(next))
                return false;
            lane.Size = next;
            return true;
        }
        finally
        {
            lane.Turn.Release();
        }
    }

    private static bool Fits(QuarantineSize size) => size is { Notifications: <= MaxNotifications, Bytes: <= MaxBytes };

    private sealed class Lane
    {
        public SemaphoreSlim Turn { get; } = new(1);

        public long? CountedAt { get; set; }

        public QuarantineSize Size { get; set; }

        public QuarantineSize With(int bytes) => new(Size.Notifications + 1, Size.Bytes + bytes);
    }
}
