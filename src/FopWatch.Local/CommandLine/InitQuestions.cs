using FopWatch.Contracts;

namespace FopWatch.Local.CommandLine;

/// <summary>
/// The questions of <c>init</c>. Each is repeated until its answer is valid. They go to standard error; standard output is for the result.
/// </summary>
internal sealed class InitQuestions(Terminal terminal, GivenAnswers given)
{
    private StreamReader? _input;

    /// <summary>Asks for the missing answers.</summary>
    /// <exception cref="UsageException">The input ended, or a given answer is invalid.</exception>
    /// <exception cref="OperationCanceledException">Ctrl-C.</exception>
    public async Task<InitialSettings> AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await AskAllAsync(cancellationToken);
        }
        catch (EndOfStreamException)
        {
            terminal.Error.WriteLine();
            throw new UsageException("The input ended before all questions were answered. Give the answers as options, with --non-interactive.");
        }
    }

    private async Task<InitialSettings> AskAllAsync(CancellationToken cancellationToken)
    {
        var settings = new InitialSettings();
        await AskAsync(
            $"Provider ({string.Join(", ", Enum.GetNames<ProviderKind>())})",
            given.Provider,
            nameof(ProviderKind.Qiniu),
            text => settings = settings with { Provider = GivenAnswers.ProviderOf(text) },
            cancellationToken);
        if (settings.Provider != ProviderKind.Qiniu || given.StatusEndpoint is not null)
        {
            await AskAsync(
                "Base URL of the status API (the account's MgrDomain)",
                given.StatusEndpoint,
                null,
                text => settings = Checked(settings with { StatusEndpoint = text }),
                cancellationToken);
        }

        await AskAsync(
            "Name of the source, which is part of every URL",
            given.Source,
            settings.Source,
            text => settings = Checked(settings with { Source = text }),
            cancellationToken);
        await AskAsync(
            "URL at which the provider reaches this host (Enter: not known yet)",
            given.PublicUrl,
            "",
            text => settings = Checked(settings with { PublicUrl = text.Length == 0 ? null : text }),
            cancellationToken);
        await AskAsync(
            "Buckets whose files are processed, separated by spaces (Enter: any)",
            given.Buckets.Count == 0 ? null : string.Join(' ', given.Buckets),
            "",
            text => settings = Checked(settings with { Buckets = text.Split(' ', StringSplitOptions.RemoveEmptyEntries) }),
            cancellationToken);
        return settings;
    }

    /// <exception cref="UsageException">The settings are invalid.</exception>
    private static InitialSettings Checked(InitialSettings settings) =>
        settings.Problems() is [var problem, ..] ? throw new UsageException($"{problem}.") : settings;

    /// <summary>Asks a question until its answer is valid.</summary>
    /// <param name="question">The question.</param>
    /// <param name="answer">The answer given by an option; null to ask.</param>
    /// <param name="missing">The default for an empty answer; null if an answer is required.</param>
    /// <param name="take">Takes the answer. Throws <see cref="UsageException"/> if it is invalid.</param>
    /// <param name="cancellationToken">Ctrl-C.</param>
    private async Task AskAsync(string question, string? answer, string? missing, Action<string> take, CancellationToken cancellationToken)
    {
        if (answer is not null)
        {
            take(answer);
            return;
        }

        while (true)
        {
            try
            {
                take(await ReadAsync(question, missing, cancellationToken));
                return;
            }
            catch (UsageException e)
            {
                terminal.WriteErrorLine(new Piece(e.Message, Terminal.Wrong));
            }
        }
    }

    /// <exception cref="EndOfStreamException">The input ended.</exception>
    private async Task<string> ReadAsync(string question, string? missing, CancellationToken cancellationToken)
    {
        terminal.Error.Write(missing is { Length: > 0 } ? $"{question} [{missing}]: " : $"{question}: ");
        terminal.Error.Flush();
        _input ??= new(terminal.OpenInput());

        // A read from a terminal cannot be cancelled, only abandoned.
        var line = await _input.ReadLineAsync(CancellationToken.None).AsTask().WaitAsync(cancellationToken) ?? throw new EndOfStreamException();
        return line.Trim() is { Length: > 0 } text ? text : missing ?? throw new UsageException("An answer is required.");
    }
}
