using System.Collections.Concurrent;

namespace FopWatch.Intake;

/// <summary>
/// Prevents anyone who has a notify URL from filling the disk with unverifiable notifications. Quarantined notifications are never deleted to make
/// room: they may be genuine, and a flood must not displace them.
/// </summary>
internal sealed class QuarantineLimit(IQuarantine quarantine, TimeProvider time)
{
    /// <summary>The most notifications per source.</summary>
    public const int MaxNotifications = 10_000;

    /// <summary>The most bytes of bodies per source.</summary>
    public const long MaxBytes = 256L * 1024 * 1024;

    // Other processes add and remove too. Admissions between two counts are counted in memory.
    private static readonly TimeSpan CountEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan CountEveryWhileFull = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Lane> _lanes = new(StringComparer.Ordinal);

    /// <param name="source">The source.</param>
    /// <param name="bytes">How long the body is.</param>
    /// <param name="isUpload">
    /// Whether it is an upload callback, which any uploader can send. These are kept while the quarantine is less than half full, so that notifications, which
    /// only the provider should send, always find room.
    /// </param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<bool> AdmitsAsync(string source, int bytes, bool isUpload, CancellationToken cancellationToken)
    {
        var lane = _lanes.GetOrAdd(source, static _ => new());
        await lane.Turn.WaitAsync(cancellationToken);
        try
        {
            var next = lane.With(bytes);
            if (lane.CountedAt is not { } countedAt || time.GetElapsedTime(countedAt) >= (Fits(next, isUpload) ? CountEvery : CountEveryWhileFull))
            {
                lane.Size = await quarantine.SizeAsync(source, cancellationToken);
                lane.CountedAt = time.GetTimestamp();
                next = lane.With(bytes);
            }

            if (!Fits(next, isUpload))
                return false;
            lane.Size = next;
            return true;
        }
        finally
        {
            lane.Turn.Release();
        }
    }

    private static bool Fits(QuarantineSize size, bool isUpload) =>
        size.Notifications <= (isUpload ? MaxNotifications / 2 : MaxNotifications) && size.Bytes <= (isUpload ? MaxBytes / 2 : MaxBytes);

    private sealed class Lane
    {
        public SemaphoreSlim Turn { get; } = new(1);

        public long? CountedAt { get; set; }

        public QuarantineSize Size { get; set; }

        public QuarantineSize With(int bytes) => new(Size.Notifications + 1, Size.Bytes + bytes);
    }
}
