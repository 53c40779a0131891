using System.Collections.Concurrent;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Intake;

/// <summary>
/// Decides whether an untrusted notification may create a job for an unknown id (<see cref="Jobs.JobDecider.NeedsAdmission"/>). <see cref="GivingUp"/> decides
/// when such a job is given up.
/// </summary>
/// <remarks>
/// Anyone who has a notify URL could fill the store with made-up ids and exhaust the polls of the source. So a job is created only while the due polls can be
/// made within a minute, or are fewer than 60. Polls then clear made-up ids as fast as they arrive, and polls of registered jobs wait little longer. A job that
/// was given up before anything genuine named it counts as unknown.
/// </remarks>
internal sealed class HintAdmission(IDueIndex due, TimeProvider time)
{
    /// <summary>The longest backlog of polls.</summary>
    public static readonly TimeSpan Backlog = TimeSpan.FromMinutes(1);

    internal const int LeastBacklog = 60;
    internal const int MostBacklog = 6000;

    // Counting costs queries, so admissions between two counts are counted in memory.
    private static readonly TimeSpan CountEvery = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Lane> _lanes = new(StringComparer.Ordinal);

    /// <summary>The most polls of a source that may be due.</summary>
    public static int BacklogOf(Source source) =>
        (int)Math.Clamp(source.Poll.PerSecond * Backlog.TotalSeconds, LeastBacklog, MostBacklog);

    public async ValueTask<bool> AdmitsAsync(Source source, CancellationToken cancellationToken)
    {
        var lane = _lanes.GetOrAdd(source.Name, static _ => new());
        await lane.Turn.WaitAsync(cancellationToken);
        try
        {
            if (lane.CountedAt is not { } countedAt || time.GetElapsedTime(countedAt) >= CountEvery)
            {
                var most = BacklogOf(source);
                lane.Room = most - (await due.DueAsync(source.Name, time.GetUtcNow(), most, cancellationToken)).Count;
                lane.CountedAt = time.GetTimestamp();
            }

            return lane.Room > 0 && lane.Room-- > 0;
        }
        finally
        {
            lane.Turn.Release();
        }
    }

    private sealed class Lane
    {
        public SemaphoreSlim Turn { get; } = new(1);

        public long? CountedAt { get; set; }

        public int Room { get; set; }
    }
}
