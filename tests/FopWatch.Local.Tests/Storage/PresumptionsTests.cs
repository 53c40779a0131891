using FopWatch.Jobs;
using FopWatch.PortContracts;

namespace FopWatch.Local.Tests.Storage;

public sealed class PresumptionsTests
{
    [Fact]
    public void So_many_jobs_are_remembered_and_no_long_or_settled_ones()
    {
        var presumptions = new Presumptions();
        for (var i = 0; i < 3 * Presumptions.Remembered; i++)
            presumptions.Committed(Sample.Job($"j{i}").New(), "1|e", 400);
        Assert.Null(presumptions.Of(new("media", "j0"), JobOrigin.Hint));
        Assert.NotNull(presumptions.Of(new("media", $"j{2 * Presumptions.Remembered}"), JobOrigin.Hint)?.Job);

        presumptions.Committed(Sample.Job("long").New(), "1|e", Presumptions.LongestBody + 1);
        presumptions.Committed(Sample.Job("settled").Settled().Job.New(), "1|e", 400);
        presumptions.Committed(Sample.Job("refused").New(), "1|e", 400);
        presumptions.Refused(new(Sample.Job("refused"), "1|e", null));
        foreach (var id in (string[])["long", "settled", "refused"])
            Assert.Null(presumptions.Of(new("media", id), JobOrigin.Hint));
    }
}
