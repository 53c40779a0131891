using FopWatch.Jobs;
using FopWatch.PortContracts;

namespace FopWatch.Local.Tests.Storage;

public sealed class PresumedTombstoneTests
{
    [Fact]
    public async Task A_late_report_of_a_purged_id_is_not_a_conflict_and_new_ids_remain_usual()
    {
        var cancelled = TestContext.Current.CancellationToken;
        await using var temp = await TempStore.OpenAsync();
        var jobs = temp.Store.Jobs;
        var purged = Sample.Job("purged").Settled().Job with { Origin = JobOrigin.Report };
        await jobs.CommitAsync(purged.New(), cancelled);
        Assert.Equal(1, await temp.Store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), Sample.Start.AddDays(2), cancelled));

        // Nothing is presumed about new ids yet, and no tombstone is looked up.
        Assert.Equal(new FoundJob(null, IsPresumed: true), await jobs.FindForChangeAsync(purged.Key, JobOrigin.Report, mayPresume: true, cancelled));
        Assert.Equal(new FoundJob(null), await jobs.FindForChangeAsync(new("media", "new"), JobOrigin.Registration, mayPresume: true, cancelled));
        for (var i = 0; i < Presumptions.UsualAfter; i++)
            await jobs.CommitAsync((Sample.Job($"j{i}") with { Origin = JobOrigin.Report }).New(), cancelled);

        // A job not in memory is presumed new only while new ids are usual.
        var done = Sample.Job("done").Settled().Job with { Origin = JobOrigin.Report };
        await jobs.CommitAsync(done.New(), cancelled);
        Assert.Null(await jobs.CommitAsync(purged.New(), cancelled));
        Assert.Equal(new FoundJob(null, IsPresumed: true), await jobs.FindForChangeAsync(done.Key, JobOrigin.Report, mayPresume: true, cancelled));
        Assert.True((await jobs.FindForChangeAsync(purged.Key, JobOrigin.Report, mayPresume: false, cancelled)).WasPurged);
    }
}
