using FopWatch.Contracts;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace FopWatch.Local.CommandLine;

/// <summary>
/// A piece of a line. Its text is cleaned before it is shown (<see cref="DisplayText"/>) and is never interpreted as markup.
/// </summary>
/// <param name="Text">The text.</param>
/// <param name="Style">Its style; null for plain.</param>
internal readonly record struct Piece(string Text, Style? Style = null)
{
    public static implicit operator Piece(string text) => new(text);
}

/// <summary>The input, output and clock of commands. All displayed text passes through here and is cleaned here.</summary>
internal sealed class Terminal
{
    public static readonly Style Dim = new(decoration: Decoration.Dim);
    public static readonly Style Bold = new(decoration: Decoration.Bold);
    public static readonly Style Wrong = new(Color.Red);

    /// <summary>Wide enough that no line is broken. A terminal breaks long lines itself; in a file they stay whole.</summary>
    private const int Unbroken = 1_000_000;

    /// <summary>The width of text in a file, in columns.</summary>
    private const int NarrowWidth = 80;

    /// <summary>The greatest width of help texts, in columns. Longer lines are hard to read.</summary>
    private const int WidestHelp = 120;

    private readonly bool _errorIsLive;
    private readonly Func<Stream> _openInput;
    private readonly IAnsiConsole _lines;
    private readonly IAnsiConsole _errors;

    /// <param name="openInput">Opens the standard input.</param>
    /// <param name="output">The standard output.</param>
    /// <param name="error">The standard error.</param>
    /// <param name="time">The clock.</param>
    /// <param name="isLive">Whether standard output is a terminal with colours and a cursor.</param>
    /// <param name="errorIsLive">Whether standard error is such a terminal.</param>
    public Terminal(Func<Stream> openInput, TextWriter output, TextWriter error, TimeProvider time, bool isLive, bool errorIsLive)
    {
        (_openInput, _errorIsLive) = (openInput, errorIsLive);
        (output, error) = (new GuardedWriter(output, isMute: false), new GuardedWriter(error, isMute: true));
        (Output, Error, Time, IsLive) = (output, error, time, isLive);
        Console = Create(output, isLive);
        _lines = Create(output, isLive);
        _lines.Profile.Width = Unbroken;
        _errors = Create(error, errorIsLive);
        if (!errorIsLive)
            _errors.Profile.Width = Unbroken;
        if (!isLive)
            Console.Profile.Width = Unbroken;
    }

    /// <summary>The standard output, for documents that are already clean.</summary>
    public TextWriter Output { get; }

    public TextWriter Error { get; }

    /// <summary>Standard output for tables and live progress.</summary>
    public IAnsiConsole Console { get; }

    public TimeProvider Time { get; }

    /// <summary>The command that starts the program, for printed commands.</summary>
    public string Program { get; init; } = ProgramName.Installed;

    /// <summary>Whether standard output is a terminal.</summary>
    public bool IsLive { get; }

    /// <summary>Whether a user can answer a question.</summary>
    public bool CanAsk { get; init; }

    /// <summary>Waits for a key; null where there is no keyboard. It returns null at the end of the input.</summary>
    public Func<ConsoleKeyInfo?>? ReadKey { get; init; }

    /// <summary>The terminal of the process.</summary>
    public static Terminal OfProcess() => new(
        System.Console.OpenStandardInput,
        StandardStream.Output(),
        StandardStream.Error(),
        TimeProvider.System,
        !System.Console.IsOutputRedirected,
        !System.Console.IsErrorRedirected)
    {
        Program = ProgramName.OfProcess(),
        ReadKey = System.Console.IsInputRedirected ? null : () => System.Console.ReadKey(intercept: true),
        CanAsk = !System.Console.IsInputRedirected && !System.Console.IsErrorRedirected,
    };

    /// <summary>Sets the width of a terminal, in columns.</summary>
    public void Resize(int width)
    {
        if (IsLive)
            Console.Profile.Width = width;
        if (_errorIsLive)
            _errors.Profile.Width = width;
    }

    public Stream OpenInput() => _openInput();

    /// <summary>Writes a line that must stay whole, such as a URL. Only the terminal itself breaks it.</summary>
    public void WriteLine(params ReadOnlySpan<Piece> pieces) => WriteLine(_lines, pieces);

    /// <summary>Writes text, wrapped between words at the width of the terminal.</summary>
    public void WriteText(params ReadOnlySpan<Piece> pieces) => WriteLine(Console, pieces);

    /// <summary>Writes a command that can be copied. A long command is continued with <c>\</c>.</summary>
    public void WriteCommand(string command)
    {
        foreach (var line in HelpText.Command(command, Program, Console.Profile.Width))
            WriteLine(line);
    }

    /// <summary>Writes help text; see <see cref="HelpText"/>.</summary>
    public void WriteHelp(string text)
    {
        foreach (var line in HelpText.Lines(text, Program, Math.Min(Console.Profile.Width, WidestHelp)))
            Output.WriteLine(line);
    }

    /// <summary>Writes text with a hanging indent, wrapped between words.</summary>
    /// <param name="label">The label before the first line.</param>
    /// <param name="text">The text.</param>
    public void WriteWrapped(string label, string text)
    {
        var width = IsLive ? Math.Min(Console.Profile.Width, WidestHelp) : NarrowWidth;
        foreach (var line in HelpText.Wrap(label + DisplayText.Clean(text), label.Length, width))
            WriteLine(line);
    }

    /// <summary>Writes text to standard error, wrapped between words at the width of the terminal.</summary>
    public void WriteErrorLine(params ReadOnlySpan<Piece> pieces) => WriteLine(_errors, pieces);

    /// <summary>Writes an element of a list to standard error. On a terminal its further lines are indented; in a file it stays one line.</summary>
    public void WriteErrorElement(Piece element)
    {
        foreach (var line in HelpText.Wrap(element.Text, 4, _errors.Profile.Width))
            WriteErrorLine(element with { Text = line });
    }

    public static IRenderable Cell(Piece piece) => new Text(DisplayText.Clean(piece.Text), piece.Style);

    public static Piece State(JobState state) => new(WireNames.Of(state), new Style(ColorOf(state)));

    public static Piece State(ItemState state) => new(WireNames.Of(state), state switch
    {
        ItemState.Succeeded => new Style(Color.Green),
        ItemState.Failed => new Style(Color.Red),
        ItemState.Processing => new Style(Color.Blue),
        _ => Style.Plain,
    });

    public static Color ColorOf(JobState state) => state switch
    {
        JobState.Succeeded => Color.Green,
        JobState.Failed => Color.Red,
        JobState.PartiallyFailed => Color.Orange1,
        JobState.Expired => Color.Yellow,
        JobState.Cancelled => Color.Magenta1,
        JobState.Processing => Color.Blue,
        _ => Color.Grey,
    };

    private static void WriteLine(IAnsiConsole console, ReadOnlySpan<Piece> pieces)
    {
        var line = new Paragraph();
        foreach (var piece in pieces)
            line.Append(DisplayText.Clean(piece.Text), piece.Style);
        line.Append("\n");
        console.Write(line);
    }

    private static IAnsiConsole Create(TextWriter writer, bool isLive)
    {
        // The console does not detect by itself whether a stream is a terminal.
        var console = AnsiConsole.Create(new()
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isLive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isLive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isLive ? InteractionSupport.Yes : InteractionSupport.No,
        });
        return console;
    }
}
