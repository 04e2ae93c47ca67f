import { day, quarters, rows, span } from './supply';
import type { Supply } from './supply';

interface Props {
  supply: Supply;
  country: string | null;
  /** The moments at the left edge, at present and at the right edge. */
  first: number;
  now: number;
  last: number;
}

/** Who lived where, and what was agreed on for each supply point, over time. */
export function Timeline({ supply, country, first, now, last }: Props) {
  const place = (at: number) => `${(100 * (at - first)) / (last - first)}%`;
  return (
    <div className="timeline">
      <ul>
        {rows(supply, now).map((row) => (
          <li key={row.key} className={row.note === '' ? 'property' : ''}>
            <span>
              {row.name} <small>{row.note}</small>
            </span>
            <div className="track">
              {row.bars.map((bar) => {
                const { left, width } = span(bar.from, bar.to, first, last);
                const days = [bar.from, bar.to].map((at) => (at === null ? '' : day(at, country))).join(' – ');
                return width <= 0 ? null : (
                  <div
                    key={bar.key}
                    className={`bar${bar.isCurrent ? ' current' : ''}${bar.to === null ? ' open' : ''}`}
                    style={{ left: `${left}%`, width: `${width}%` }}
                    title={`${bar.name}, ${days}`}
                  >
                    {bar.name} <small>{days}</small>
                  </div>
                );
              })}
              <div className="now" style={{ left: place(now) }} />
            </div>
          </li>
        ))}
        <li aria-hidden="true">
          <span />
          <div className="ticks">
            {quarters(first, last).map(({ at, name }) => (
              <span key={at} style={{ left: place(at) }}>
                {name}
              </span>
            ))}
          </div>
        </li>
      </ul>
    </div>
  );
}
