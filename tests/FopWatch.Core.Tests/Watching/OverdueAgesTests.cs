using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Watching;

public sealed class OverdueAgesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(60)]
    [InlineData(3600)]
    public void A_job_is_overdue_from_one_and_a_half_times_the_age_by_which_19_of_20_were_over(double scale)
    {
        var ages = OverdueAges.Of(Known(("avthumb/mp4", Enumerable.Range(1, 1000).Select(i => scale * i / 100), 0)));

        // Ages are known by quarters of an octave.
        Assert.InRange(ages.For("avthumb/mp4")!.Value.TotalSeconds, 1.5 * 9.3 * scale, 1.5 * 9.7 * scale);
    }

    [Fact]
    public void Nineteen_known_ages_are_too_few_for_a_class_and_for_a_source()
    {
        Assert.Null(OverdueAges.Of(Known(("a", Enumerable.Repeat(60d, 19), 0))).For("a"));
        Assert.Null(OverdueAges.Of(new Dictionary<string, KnownAges>()).For("a"));
        Assert.InRange(OverdueAges.Of(Known(("a", Enumerable.Repeat(60d, 20), 0))).For("a")!.Value.TotalSeconds, 84, 98);

        var both = OverdueAges.Of(Known(("a", Enumerable.Repeat(60d, 19), 0), ("b", Enumerable.Repeat(600d, 1), 0)));
        Assert.Equal(both.OfSource, both.For("a"));
        Assert.NotNull(both.OfSource);
        Assert.Equal(both.OfSource, both.For("never seen"));
    }

    [Fact]
    public void A_class_with_its_own_age_does_not_use_the_sources()
    {
        var ages = OverdueAges.Of(Known(("fast", Enumerable.Repeat(10d, 500), 0), ("slow", Enumerable.Repeat(3000d, 500), 0)));
        Assert.InRange(ages.For("fast")!.Value.TotalSeconds, 14, 17);
        Assert.InRange(ages.For("slow")!.Value.TotalSeconds, 4400, 4900);
    }

    [Fact]
    public void A_class_whose_jobs_often_have_no_known_end_has_no_age()
    {
        var ages = OverdueAges.Of(Known(("stuck", Enumerable.Repeat(60d, 90), 10), ("fast", Enumerable.Repeat(10d, 900), 0)));
        Assert.Null(ages.For("stuck"));
        Assert.NotNull(ages.For("other"));
        Assert.NotNull(OverdueAges.Of(Known(("stuck", Enumerable.Repeat(60d, 97), 3))).For("stuck"));
    }

    [Fact]
    public void Idle_time_tasks_are_separate()
    {
        var ages = OverdueAges.Of(Known(("idle/avthumb/mp4", Enumerable.Repeat(50_000d, 100), 0), ("avthumb/mp4", Enumerable.Repeat(60d, 100), 0)));
        Assert.InRange(ages.For("idle/avthumb/mp4")!.Value.TotalSeconds, 70_000, 85_000);
        Assert.InRange(ages.OfSource!.Value.TotalSeconds, 84, 98);
        Assert.Null(ages.For("idle/other"));
    }

    private static Dictionary<string, KnownAges> Known(params IEnumerable<(string Class, IEnumerable<double> Over, int Open)> classes) =>
        classes.ToDictionary(
            one => one.Class,
            one =>
            {
                var known = new KnownAges();
                foreach (var age in one.Over)
                    known.AddOver(age);
                known.AddOpen(777_600, one.Open);
                return known;
            },
            StringComparer.Ordinal);
}
