using System.Reflection;
using BenchmarkDotNet.Attributes;
using FopWatch.Benchmarks;

namespace FopWatch.Load.Tests;

/// <summary>Runs each benchmark once, to see that it still runs, not how fast.</summary>
public class BenchmarkTests
{
    public static TheoryData<string> Names => [.. typeof(NotificationBenchmarks).GetMethods()
        .Where(method => method.GetCustomAttribute<BenchmarkAttribute>() is not null)
        .Select(method => method.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_benchmark_runs(string name)
    {
        var benchmarks = new NotificationBenchmarks();
        await benchmarks.PrepareAsync();
        try
        {
            var result = typeof(NotificationBenchmarks).GetMethod(name)!.Invoke(benchmarks, null);
            if (result is Task task)
                await task;
            Assert.NotNull(result);
        }
        finally
        {
            await benchmarks.CleanUpAsync();
        }
    }
}
