using FopWatch.Clocks;

namespace FopWatch.Contract.Tests;

/// <summary>What every store of the purges' mark keeps.</summary>
public abstract class PurgeMarkContract : StoreContract<IPurgeMarks>
{
    private static readonly DateTimeOffset Time = new(2026, 3, 1, 12, 0, 0, 123, TimeSpan.Zero);

    [Fact]
    public async Task A_mark_is_read_as_it_was_written_last()
    {
        Assert.Equal(PurgeMark.None, await Port.ReadAsync(Cancelled));
        foreach (var mark in (PurgeMark[])[new(null, Time), new(Time, Time.AddDays(60)), new(Time.AddDays(60).AddTicks(1), null), PurgeMark.None])
        {
            await Port.WriteAsync(mark, Cancelled);
            Assert.Equal(mark, await Port.ReadAsync(Cancelled));
        }
    }

    [Fact]
    public async Task A_purge_is_allowed_once_two_looks_agree_and_then_as_it_goes_on()
    {
        Assert.True((await Port.AskAsync(Time, Cancelled)).IsPutOff);
        Assert.True((await Port.AskAsync(Time.AddMinutes(30), Cancelled)).IsPutOff);
        Assert.False((await Port.AskAsync(Time.AddMinutes(45), Cancelled)).IsPutOff);
        Assert.False((await Port.AskAsync(Time.AddMinutes(46), Cancelled)).IsPutOff);
        Assert.True((await Port.AskAsync(Time.AddDays(60), Cancelled)).IsPutOff);
        Assert.False((await Port.AskAsync(Time.AddMinutes(47), Cancelled)).IsPutOff);
    }
}
