using FopWatch.Clocks;

namespace FopWatch.PortContracts;

/// <summary>The contract of stores of the purge mark.</summary>
public abstract class PurgeMarkContract : StoreContract<IPurgeMarks>
{
    private static readonly DateTimeOffset Time = new(2026, 3, 1, 12, 0, 0, 123, TimeSpan.Zero);

    [Fact]
    public async Task The_last_written_mark_is_read()
    {
        Assert.Equal(PurgeMark.None, await Port.ReadAsync(Cancelled));
        foreach (var mark in (PurgeMark[])[new(null, Time), new(Time, Time.AddDays(60)), new(Time.AddDays(60).AddTicks(1), null), PurgeMark.None])
        {
            await Port.WriteAsync(mark, Cancelled);
            Assert.Equal(mark, await Port.ReadAsync(Cancelled));
        }
    }

    [Fact]
    public async Task A_purge_is_allowed_once_two_looks_agree_and_then_as_time_passes()
    {
        Assert.Null((await Port.AllowAsync(Time, Cancelled)).Before);
        Assert.Null((await Port.AllowAsync(Time.AddMinutes(30), Cancelled)).Before);
        Assert.Equal(Time.AddMinutes(45), (await Port.AllowAsync(Time.AddMinutes(45), Cancelled)).Before);
        Assert.Equal(Time.AddMinutes(46), (await Port.AllowAsync(Time.AddMinutes(46), Cancelled)).Before);
        Assert.Null((await Port.AllowAsync(Time.AddDays(60), Cancelled)).Before);
        Assert.Equal(Time.AddMinutes(47), (await Port.AllowAsync(Time.AddMinutes(47), Cancelled)).Before);

        // With two looks far apart, only what the first would have purged.
        Assert.Null((await Port.AllowAsync(Time.AddDays(2), Cancelled)).Before);
        Assert.Equal(Time.AddDays(2), (await Port.AllowAsync(Time.AddDays(60), Cancelled)).Before);
        Assert.Null((await Port.AllowAsync(Time.AddDays(60), Cancelled)).Before);
    }
}
