using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace FopWatch.Testing;

/// <summary>Waits for conditions that become true without the test's doing.</summary>
public static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until a condition holds. Fails the test at the timeout.</summary>
    /// <param name="holds">The condition.</param>
    /// <param name="within">The timeout; a minute if null.</param>
    /// <param name="condition">The condition's text in the failure.</param>
    public static async Task HoldsAsync(
        Func<Task<bool>> holds,
        TimeSpan? within = null,
        [CallerArgumentExpression(nameof(holds))] string condition = "")
    {
        var (patience, waiting) = (within ?? Patience, Stopwatch.StartNew());
        while (!await holds())
        {
            if (waiting.Elapsed > patience)
                Assert.Fail($"This did not become true within {patience}: {condition}");
            await Task.Delay(Pause, TestContext.Current.CancellationToken);
        }
    }

    /// <inheritdoc cref="HoldsAsync(Func{Task{bool}}, TimeSpan?, string)"/>
    public static Task HoldsAsync(Func<bool> holds, TimeSpan? within = null, [CallerArgumentExpression(nameof(holds))] string condition = "") =>
        HoldsAsync(() => Task.FromResult(holds()), within, condition);
}
