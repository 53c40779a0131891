using FopWatch.PortContracts;
using FopWatch.Sqlite;

namespace FopWatch.Local.Tests.Storage;

public class CheckpointsTests
{
    private const int Pages = 4096;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_write_ahead_log_is_checkpointed_during_commits_and_starts_over()
    {
        await using var temp = await TempStore.OpenAsync();
        var (rounds, perRound) = (3, Checkpoints.Pages * Pages / (1024 * 1024) + 8);

        for (var round = 1; round <= rounds; round++)
        {
            for (var i = 0; i < perRound; i++)
                await temp.Store.Quarantine.AddAsync(Sample.Notification($"k{round}-{i:000}").Sized(1), Cancelled);

            // Each commit may have to move the rest.
            await Eventually.HoldsAsync(async () =>
            {
                await temp.Store.Database.WriteAsync(Schema.Touch, Cancelled);
                return new FileInfo(temp.DatabasePath).Length >= (long)round * Checkpoints.Pages * Pages;
            });
        }

        // If it did not start over, it would have grown by as much every time.
        Assert.InRange(new FileInfo(temp.DatabasePath + "-wal").Length, 1, 2L * Checkpoints.Pages * Pages);
        Assert.Equal(rounds * perRound, await temp.Store.Quarantine.CountAsync(Cancelled));
        Assert.Equal("ok", temp.Scalar("PRAGMA integrity_check"));
    }

    [Fact]
    public async Task A_long_read_sees_its_snapshot_and_delays_no_commit()
    {
        await using var temp = await TempStore.OpenAsync();
        await temp.Store.Quarantine.AddAsync(Sample.Notification("first"), Cancelled);
        using var over = new ManualResetEventSlim();
        var reading = Task.Run(async () => await temp.Store.Database.Lists.ReadAsync(
            session => session.Snapshot(seen =>
            {
                var before = seen.Scalar("SELECT count(*) FROM quarantine");
                over.Wait(Cancelled);
                return (before, seen.Scalar("SELECT count(*) FROM quarantine"));
            }),
            Cancelled));

        for (var i = 0; i < Checkpoints.Pages * Pages / (1024 * 1024) * 2; i++)
            await temp.Store.Quarantine.AddAsync(Sample.Notification($"k{i:000}").Sized(1), Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancelled);
        over.Set();

        Assert.Equal((1L, 1L), await reading);
        await Eventually.HoldsAsync(async () =>
        {
            await temp.Store.Quarantine.AddAsync(Sample.Notification($"l{Guid.NewGuid():N}").Sized(1), Cancelled);
            return new FileInfo(temp.DatabasePath).Length >= (long)Checkpoints.Pages * Pages;
        });
    }
}
