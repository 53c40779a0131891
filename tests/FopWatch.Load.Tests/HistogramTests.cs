using FopWatch.Load.Generating;

namespace FopWatch.Load.Tests;

public class HistogramTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_quantile_is_at_most_two_percent_above_the_exact_one(int seed)
    {
        var random = new Random(seed);
        var histogram = new Histogram();
        var all = Enumerable.Range(0, 5000).Select(_ => TimeSpan.FromMicroseconds(Math.Floor(Math.Pow(10, random.NextDouble() * 8)))).ToList();
        all.ForEach(histogram.Add);
        all.Sort();

        foreach (var share in (double[])[0.001, 0.25, 0.5, 0.95, 0.99, 0.999, 1])
        {
            var exact = all[(int)Math.Ceiling(share * all.Count) - 1];
            Assert.InRange(histogram.Quantile(share)!.Value, exact, exact * 1.02);
        }

        Assert.Equal(all[^1], histogram.Longest);
        Assert.Equal(all.Count, histogram.Count);
    }

    [Fact]
    public void Parts_add_up_to_the_whole()
    {
        var (whole, sum, parts) = (new Histogram(), new Histogram(), (Histogram[])[new(), new()]);
        for (var i = 0; i < 1000; i++)
        {
            whole.Add(TimeSpan.FromMicroseconds(i * i));
            parts[i % 2].Add(TimeSpan.FromMicroseconds(i * i));
        }

        foreach (var part in parts)
            sum.Add(part);
        Assert.Equal((whole.Count, whole.Longest, whole.Quantile(0.7)), (sum.Count, sum.Longest, sum.Quantile(0.7)));
    }

    [Fact]
    public void An_empty_histogram_has_no_quantile() => Assert.Null(new Histogram().Quantile(0.5));
}
