using FopWatch.Statistics;

namespace FopWatch.Core.Tests.Statistics;

/// <summary>A distribution of ages to learn from, and 20,000 of its ages as the truth.</summary>
internal sealed class Distribution
{
    private const int Size = 20_000;

    private readonly double[] _ages;

    private Distribution(Func<Random, double> draw)
    {
        var random = new Random(1);
        _ages = [.. Enumerable.Range(0, Size).Select(_ => Math.Max(draw(random), 0.5))];
        Truth = new(_ages);
    }

    public GivenAges Truth { get; }

    public static Distribution Of(string name) => new(name switch
    {
        "log-normal, 1 min" => random => 60 * Math.Exp(0.8 * Normal(random)),
        "log-normal, 10 min" => random => 600 * Math.Exp(1.2 * Normal(random)),
        "log-normal, 20 s" => random => 20 * Math.Exp(0.5 * Normal(random)),
        "Weibull 0.7" => random => 200 * Math.Pow(Exponential(random), 1 / 0.7),
        "Weibull 2" => random => 200 * Math.Pow(Exponential(random), 1 / 2.0),
        "gamma 4" => random => 30 * (Exponential(random) + Exponential(random) + Exponential(random) + Exponential(random)),
        "40 s and 30 min" => random => (random.NextDouble() < 0.5 ? 40 : 1800) * Math.Exp(0.2 * Normal(random)),
        "45 s and a queue" => random => 45 + (30 * Exponential(random)),
        "5 min and a queue" => random => 300 + (60 * Exponential(random)),
        "1 min or a queue" => random => 60 + (random.NextDouble() < 0.4 ? 0 : 200 * Exponential(random)),
        "3 h" => random => 10_800 * Math.Exp(0.3 * Normal(random)),
        "1 s" => _ => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
    });

    public double Draw(Random random) => _ages[random.Next(Size)];

    public double[] Draw(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => Draw(random))];

    public static KnownAges Known(IEnumerable<double> ages)
    {
        var known = new KnownAges();
        foreach (var age in ages)
            known.AddOver(age);
        return known;
    }

    public static double Normal(Random random) => Math.Sqrt(2 * Exponential(random)) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static double Exponential(Random random) => -Math.Log(1 - random.NextDouble());
}
