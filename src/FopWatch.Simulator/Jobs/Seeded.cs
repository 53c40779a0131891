namespace FopWatch.Simulator;

/// <summary>Random numbers that depend only on their seeds, in every process and on every machine.</summary>
internal static class Seeded
{
    private const string Base36 = "0123456789abcdefghijklmnopqrstuvwxyz";
    private const string Base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// <summary>A random number generator for one purpose. Other seeds give unrelated numbers.</summary>
    public static Random Random(params ReadOnlySpan<int> seeds)
    {
        var mixed = 0x9E3779B97F4A7C15UL;
        foreach (var seed in seeds)
        {
            mixed += unchecked((uint)seed);
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9UL;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBUL;
            mixed ^= mixed >> 31;
        }

        return new Random(unchecked((int)mixed));
    }

    public static bool Chance(this Random random, double probability) => random.NextDouble() < probability;

    public static T Pick<T>(this Random random, IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];

    public static TimeSpan Between(this Random random, TimeSpan least, TimeSpan most) => least + ((most - least) * random.NextDouble());

    public static List<T> Shuffled<T>(this Random random, IEnumerable<T> values)
    {
        T[] array = [.. values];
        random.Shuffle(array);
        return [.. array];
    }

    public static string Hex(this Random random, int length) => random.GetString("0123456789abcdef", length);

    public static string Alphanumeric(this Random random, int length) => random.GetString(Base36, length);

    public static string Base64Text(this Random random, int length) => random.GetString(Base64Letters, length);
}
