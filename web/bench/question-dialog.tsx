import type { ReactNode } from 'react';
import type { Question } from '../../src/ground/contracts/bench.ts';
import { nameOfCode } from '../../src/ground/contracts/bench-codes.ts';
import { FileName } from '../components/file-name.tsx';
import { Folded } from '../components/folded.tsx';
import { ItemDialog } from '../components/item-dialog.tsx';
import { formatCount } from '../text/format.ts';
import { visibleLines } from '../text/visible-text.ts';
import { modelName } from './model-name.ts';
import { QuestionPicture } from './question-picture.tsx';
import type { AskedQuestion } from './question-view.ts';
import { ReplyView } from './reply-view.tsx';

export interface QuestionDialogProps {
  readonly questions: readonly AskedQuestion[];
  readonly index: number;
  readonly model: string;
  readonly onMove: (index: number) => void;
  readonly onClose: () => void;
}

/** One question with its images, options and replies. */
export function QuestionDialog({ questions, index, model, onMove, onClose }: QuestionDialogProps): ReactNode {
  const asked = questions[index];
  if (asked === undefined) return null;
  const { question, items } = asked;
  return (
    <ItemDialog
      noun="question"
      index={index}
      count={questions.length}
      onMove={onMove}
      onClose={onClose}
      note={
        <>
          {modelName(nameOfCode(question.task))} · {modelName(question.dataset)} · <FileName name={question.id} />
        </>
      }
    >
      {/* A new question starts at its top, with its parts closed. */}
      <QuestionBody key={question.id} question={question} chosen={items[0].strict.chosen} />
      <section aria-label="Replies" className="replies">
        <h3>
          {items.length === 1 ? 'Reply' : `${formatCount(items.length)} replies`} of {modelName(model)}
        </h3>
        {items.map(item => (
          <ReplyView key={`${item.rotation}-${item.repeat}`} item={item} question={question} />
        ))}
      </section>
    </ItemDialog>
  );
}

function QuestionBody({
  question,
  chosen,
}: {
  readonly question: Question;
  readonly chosen: string | null;
}): ReactNode {
  const { text, images, options, correct, context } = question;
  return (
    <div className="question-body">
      <bdi className="question-text">{visibleLines(text)}</bdi>
      {images.length > 0 && (
        <ul className="question-pictures">
          {images.map((image, i) => (
            // A question may show one image twice.
            <li key={`${i}-${image.path}`}>
              <QuestionPicture image={image} title={`Image ${i + 1}`} />
              <span className="note">Image {i + 1}</span>
            </li>
          ))}
        </ul>
      )}
      {context !== undefined && (
        <Folded summary="What it was shown first">
          <pre className="configuration">{visibleLines(context)}</pre>
        </Folded>
      )}
      <ol className="options">
        {options.map(option => (
          <li key={option.label} className={option.label === correct ? 'option-right' : undefined}>
            <span className="option-label">{option.label}</span>
            <bdi>{visibleLines(option.text)}</bdi>
            {option.label === correct && <span className="tag">right</span>}
            {option.label === chosen && <span className="tag">chosen</span>}
          </li>
        ))}
      </ol>
    </div>
  );
}
